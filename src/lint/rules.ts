import type { Rule } from './rule.js';
import { certificateRules } from './rules/certificates.js';
import { encryptionRules } from './rules/encryption.js';
import { encryptionKeyRules } from './rules/encryption-keys.js';
import { issuerRules } from './rules/issuer.js';
import { keyringRules } from './rules/keyring.js';
import { keyringCopyRules } from './rules/keyring-copies.js';
import { keyringTimeRules } from './rules/keyring-times.js';
import { keyRules } from './rules/keys.js';
import { payloadRules } from './rules/payload.js';
import { placeRules } from './rules/places.js';
import { policyRules } from './rules/policy.js';
import { secretRules } from './rules/secrets.js';
import { setRules } from './rules/sets.js';
import { settingRules } from './rules/settings.js';
import { tokenClaimRules } from './rules/token-claims.js';
import { tokenHeaderRules } from './rules/token-header.js';
import { tokenLifeRules } from './rules/token-life.js';

/** All rules, in the order of the documentation. */
export const rules: readonly Rule[] = [
  ...tokenLifeRules,
  ...tokenClaimRules,
  ...tokenHeaderRules,
  ...payloadRules,
  ...encryptionRules,
  ...encryptionKeyRules,
  ...secretRules,
  ...settingRules,
  ...keyRules,
  ...setRules,
  ...keyringTimeRules,
  ...keyringRules,
  ...keyringCopyRules,
  ...certificateRules,
  ...issuerRules,
  ...policyRules,
  ...placeRules,
];
