/** The accepted audiences: `--aud` and `--any-aud`, their variables, and the policy file. */
import { usage } from '../terminal/errors.js';
import type { Invocation } from './invocation.js';
import { option } from './option.js';

export interface AudienceOptions {
  aud?: string[];
  anyAud?: boolean;
}

/** What the policy of a verification demands of `aud`. */
export interface AudienceDemand {
  readonly audience?: readonly string[] | undefined;
  readonly anyAudience?: boolean | undefined;
}

export const audienceOption = () =>
  option('--aud <audience>', 'accepted audience; repeatable, any of them').from('JWTKIT_AUD').repeatable();
export const anyAudienceOption = () => option('--any-aud', 'accept a token for any audience').from('JWTKIT_ANY_AUD');

const strengths = { flag: 3, variable: 2, config: 1 } as const;

/**
 * Returns the audience that a token must name: of the two options, a flag beats a variable, and that beats the policy file.
 * @throws {JwtkitError} USAGE_INVALID if one place sets both.
 */
export function audienceDemand({ options, origin, label }: Invocation<AudienceOptions>): AudienceDemand {
  const { aud: audience, anyAud } = options;
  if (anyAud !== true) return { audience };
  if (audience === undefined) return { anyAudience: true };
  const strength = (name: keyof AudienceOptions) => strengths[origin(name) ?? 'config'];
  const lead = strength('aud') - strength('anyAud');
  if (lead === 0) throw usage(`${label('aud')} and ${label('anyAud')} exclude each other`);
  return lead > 0 ? { audience } : { anyAudience: true };
}
