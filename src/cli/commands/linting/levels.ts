/** Which level each rule has in a run. */
import { JwtkitError } from '../../../errors.js';
import { isMisspelt } from '../../../jose/spelling.js';
import type { RuleLevel } from '../../../lint/lint.js';
import { rules } from '../../../lint/rules.js';
import { levels } from '../../../report/report.js';
import type { Invocation } from '../../grammar/invocation.js';
import { usage } from '../../terminal/errors.js';
import type { LintOptions } from './options.js';

const known = new Set(rules.map(({ id }) => id));

/**
 * Returns the levels that the policy file and `--rule` set; a flag beats the file.
 * @throws {JwtkitError} USAGE_INVALID, CONFIG_INVALID for an unknown rule or level.
 */
export function readLevels({ options, config }: Invocation<LintOptions>): ReadonlyMap<string, RuleLevel> {
  const found = new Map<string, RuleLevel>();
  for (const [at, { id, level }] of (config?.rules ?? []).entries()) {
    if (!known.has(id)) {
      throw new JwtkitError('CONFIG_INVALID', `${config?.file}: /lint/rules/${at}/id: there is no rule ${id}`, {
        hint: suggest(id),
      });
    }
    found.set(id, level as RuleLevel);
  }
  for (const given of options.rule ?? []) {
    const [, id = given, level = ''] = /^([^=]*)=(.*)$/.exec(given) ?? [];
    if (!known.has(id)) throw usage(`--rule: there is no rule ${JSON.stringify(id.slice(0, 60))}`, suggest(id));
    if (level !== 'off' && !(levels as readonly string[]).includes(level)) {
      throw usage(`--rule ${id}: the level is ${levels.join(', ')} or off`, `write --rule ${id}=off`);
    }
    found.set(id, level as RuleLevel);
  }
  return found;
}

function suggest(id: string): string {
  const close = id.length > 60 ? undefined : [...known].find((one) => isMisspelt(id, one));
  return close === undefined ? 'jwtkit lint --list-rules shows them' : `did you mean ${close}?`;
}
