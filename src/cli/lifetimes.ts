import type { Environment } from './io.js';
import { durationOption, type Invocation, usage } from './options.js';

/** The options that set lifetimes. */
export interface LifetimeOptions {
  ttl?: string;
  refreshTtl?: string;
}

/**
 * Seconds from the flags or their `JWTKIT_*` variables, then from the variables of FastAPI-style projects; undefined leaves
 * the default.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function lifetimes({ options, env, label }: Invocation<LifetimeOptions>): {
  accessTtl: number | undefined;
  refreshTtl: number | undefined;
} {
  return {
    accessTtl: lifetimeOption(label('ttl'), options.ttl) ?? wholeNumber('ACCESS_TOKEN_EXPIRE_MINUTES', 60, env),
    refreshTtl:
      lifetimeOption(label('refreshTtl'), options.refreshTtl) ?? wholeNumber('REFRESH_TOKEN_EXPIRE_DAYS', 86_400, env),
  };
}

/**
 * Seconds that the longest-lived token lives, as far as variables say so: the grace of a key that signs no more. Lifetimes
 * that were only given to single tokens, by `--ttl`, are not known here.
 */
export function longestLifetime(env: Environment, defaultRefresh: number): number {
  const accessTtl = lifetimeOption('JWTKIT_TTL', env.JWTKIT_TTL || undefined);
  const refreshTtl = lifetimeOption('JWTKIT_REFRESH_TTL', env.JWTKIT_REFRESH_TTL || undefined);
  return Math.max(
    accessTtl ?? wholeNumber('ACCESS_TOKEN_EXPIRE_MINUTES', 60, env) ?? 0,
    refreshTtl ?? wholeNumber('REFRESH_TOKEN_EXPIRE_DAYS', 86_400, env) ?? defaultRefresh,
  );
}

function lifetimeOption(name: string, text: string | undefined): number | undefined {
  const seconds = durationOption(name, text);
  if (seconds === 0) throw usage(`${name}: a lifetime is at least 1 second`);
  return seconds;
}

function wholeNumber(variable: string, unitSeconds: number, env: Environment): number | undefined {
  const text = env[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
    throw usage(`${variable} is ${JSON.stringify(text)}, it must be a whole number`);
  }
  return Number(text) * unitSeconds;
}
