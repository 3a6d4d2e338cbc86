import type { KeyCase, TokenCase } from './case.js';
import * as claims from './cases/claims.js';
import * as headers from './cases/headers.js';
import * as json from './cases/json.js';
import * as jwks from './cases/jwks.js';
import * as keyConfusion from './cases/key-confusion.js';
import * as keyFiles from './cases/key-files.js';
import * as nonsense from './cases/nonsense.js';
import * as payloads from './cases/payloads.js';
import * as segments from './cases/segments.js';
import * as signatures from './cases/signatures.js';

export const keyCases: readonly KeyCase[] = [...keyFiles.cases, ...jwks.cases];

export const tokenCases: readonly TokenCase[] = [
  ...keyConfusion.tokenCases,
  ...jwks.tokenCases,
  ...segments.tokenCases,
  ...json.tokenCases,
  ...headers.tokenCases,
  ...payloads.tokenCases,
  ...signatures.tokenCases,
  ...claims.tokenCases,
  ...nonsense.tokenCases,
];
