/** Rules about jwtkit.config.json: what it leaves unchecked. */
import { isJsonObject } from '../../jose/json.js';
import { formatDuration, parseDuration } from '../../token/time.js';
import { json } from '../example.js';
import { rule } from '../rule.js';

const policy = {
  issuer: 'https://issuer.example',
  audience: 'api',
  algorithms: ['RS256'],
  lifetimes: { access: '15m', refresh: '7d' },
  leeway: '30s',
};
const good = json(policy);
const strings = (value: unknown): string[] => [value].flat().filter((one) => typeof one === 'string');

function secondsOf(value: unknown): number {
  try {
    return typeof value === 'string' ? parseDuration(value) : 0;
  } catch {
    return 0;
  }
}

export const policyRules = [
  rule({
    id: 'policy/invalid',
    level: 'error',
    about: 'policy',
    means: 'jwtkit refuses this policy file, so that every command that finds it fails.',
    help: 'see docs/config.md; an editor that knows the schema shows the mistake',
    source: 'docs/config.schema.json',
    bad: json({ ...policy, audiance: 'api' }),
    good,
    check: ({ problem }) => problem,
  }),
  rule({
    id: 'policy/no-issuer',
    level: 'warning',
    about: 'policy',
    means: 'The policy does not say whose tokens it accepts.',
    help: 'add "issuer"',
    source: 'RFC 8725 §3.8',
    bad: json({ ...policy, issuer: undefined, $schema: './node_modules/jwtkit/docs/config.schema.json' }),
    good,
    check: ({ policy: { issuer, keys } }) =>
      issuer === undefined && !(isJsonObject(keys) && keys.issuerUrl !== undefined) && 'issuer is missing',
  }),
  rule({
    id: 'policy/no-audience',
    level: 'warning',
    about: 'policy',
    means: 'The policy does not say for whom tokens must be: those of other services pass if they name none.',
    help: 'add "audience": the name of the service',
    source: 'RFC 8725 §3.9',
    bad: json({ ...policy, audience: undefined }),
    good,
    check: ({ policy: { audience } }) => audience === undefined && 'audience is missing',
  }),
  rule({
    id: 'policy/any-audience',
    level: 'warning',
    about: 'policy',
    means: 'The policy accepts tokens for every service.',
    help: 'name the service in "audience"',
    source: 'RFC 8725 §3.9',
    bad: json({ ...policy, audience: 'any' }),
    good,
    check: ({ policy: { audience } }) => audience === 'any' && 'audience is "any"',
  }),
  rule({
    id: 'policy/no-algorithms',
    level: 'note',
    about: 'policy',
    means:
      'The policy leaves the algorithm to the keys. jwtkit is safe with that; a list also guards against a key that was added by mistake.',
    help: 'add "algorithms", with the one that is in use',
    source: 'RFC 8725 §3.1',
    bad: json({ ...policy, algorithms: undefined }),
    good,
    check: ({ policy: { algorithms } }) => algorithms === undefined && 'algorithms is missing',
  }),
  rule({
    id: 'policy/algorithms-mixed',
    level: 'error',
    about: 'policy',
    means: 'The policy allows shared secrets and public keys at once, which is how keys are confused.',
    help: 'allow algorithms of one kind',
    source: 'RFC 8725 §2.1, §3.1',
    bad: json({ ...policy, algorithms: ['RS256', 'HS256'] }),
    good,
    check: ({ policy: { algorithms } }) => {
      const kinds = new Set(strings(algorithms).map((alg) => alg.startsWith('HS')));
      return kinds.size > 1 && 'algorithms has HS and others';
    },
  }),
  rule({
    id: 'policy/access-lifetime-too-long',
    level: 'warning',
    about: 'policy',
    means: 'Access tokens live longer than 30 minutes.',
    help: 'set lifetimes.access to 5 to 30 minutes, and refresh them',
    source: 'tutorial, pitfall "long lifetimes"',
    bad: json({ ...policy, lifetimes: { access: '24h' } }),
    good,
    check: ({ policy: { lifetimes } }) => {
      const seconds = isJsonObject(lifetimes) ? secondsOf(lifetimes.access) : 0;
      return seconds > 1800 && { message: `it is ${formatDuration(seconds)}`, part: 'lifetimes.access' };
    },
  }),
  rule({
    id: 'policy/refresh-lifetime-too-long',
    level: 'warning',
    about: 'policy',
    means: 'Refresh tokens live longer than 30 days.',
    help: 'set lifetimes.refresh to 7 to 30 days',
    source: 'tutorial, pitfall "long lifetimes"',
    bad: json({ ...policy, lifetimes: { refresh: '365d' } }),
    good,
    check: ({ policy: { lifetimes } }) => {
      const seconds = isJsonObject(lifetimes) ? secondsOf(lifetimes.refresh) : 0;
      return seconds > 30 * 86_400 && { message: `it is ${formatDuration(seconds)}`, part: 'lifetimes.refresh' };
    },
  }),
  rule({
    id: 'policy/leeway-too-long',
    level: 'note',
    about: 'policy',
    means: 'Expired tokens pass for longer than clocks differ.',
    help: 'set "leeway" to 30s or 1m, and clocks by NTP',
    source: 'RFC 7519 §4.1.4 ("usually no more than a few minutes")',
    bad: json({ ...policy, leeway: '30m' }),
    good,
    check: ({ policy: { leeway } }) => secondsOf(leeway) > 300 && `leeway is ${formatDuration(secondsOf(leeway))}`,
  }),
];
