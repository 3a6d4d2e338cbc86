import { maxLeeway, maxRotateGrace } from '../../token/denylist.js';
import { formatDuration } from '../../token/time.js';
import { usage } from '../terminal/errors.js';
import type { Environment } from '../terminal/io.js';
import { readVariable } from '../terminal/variables.js';
import type { Invocation } from './invocation.js';
import { readDuration, readInteger } from './values.js';

export interface LifetimeOptions {
  ttl?: string;
  refreshTtl?: string;
}

/**
 * Returns lifetimes in seconds: of the flags or their `JWTKIT_*` variables, else of the variables of FastAPI-style projects;
 * undefined for the default.
 */
export function lifetimes({ options, env, label }: Invocation<LifetimeOptions>) {
  return {
    accessTtl: lifetimeOption(label('ttl'), options.ttl) ?? accessMinutes(env),
    refreshTtl: lifetimeOption(label('refreshTtl'), options.refreshTtl) ?? refreshDays(env),
  };
}

/**
 * Returns for how many seconds a key verifies after it last signed: `--grace`, else the longest lifetime that variables or the
 * policy set. A `--ttl` of single tokens is not known here.
 */
export function readGrace(invocation: Invocation<{ grace?: string }>, defaultRefresh: number): number {
  const { options, env, config, label } = invocation;
  const grace = readDuration(label('grace'), options.grace);
  if (grace !== undefined) return grace;
  const lifetime = (variable: string, member: 'access' | 'refresh') =>
    lifetimeOption(variable, readVariable(env, variable)) ??
    lifetimeOption(`${config?.file}: /lifetimes/${member}`, config?.lifetimes?.[member]);
  const accessTtl = lifetime('JWTKIT_TTL', 'access');
  const refreshTtl = lifetime('JWTKIT_REFRESH_TTL', 'refresh');
  return Math.max(accessTtl ?? accessMinutes(env) ?? 0, refreshTtl ?? refreshDays(env) ?? defaultRefresh);
}

/** Returns the allowed clock difference, in seconds. */
export function readLeeway({ options, label }: Invocation<{ leeway?: string }>): number | undefined {
  const seconds = readDuration(label('leeway'), options.leeway);
  if (seconds === undefined || seconds <= maxLeeway) return seconds;
  throw usage(
    `${label('leeway')}: at most ${formatDuration(maxLeeway)}, got ${formatDuration(seconds)}`,
    `set the clocks right; a revocation outlives its token by no more than ${formatDuration(maxLeeway)}`,
  );
}

export interface RotationOptions {
  rotate?: boolean;
  rotateGrace?: string;
  sessionMax?: string;
}

/** Returns the grace of a rotation and how long a session lasts at most, in seconds. */
export function readRotation({ options, label, origin }: Invocation<RotationOptions>, defaultGrace?: number) {
  const rotateGrace = readDuration(label('rotateGrace'), options.rotateGrace);
  if (rotateGrace !== undefined && rotateGrace > maxRotateGrace) {
    const most = formatDuration(maxRotateGrace);
    throw usage(`${label('rotateGrace')} is at most ${most}: for that long, a stolen refresh token can be used too`);
  }
  if (origin('rotateGrace') === 'flag' && options.rotate !== true) throw usage('--rotate-grace is for --rotate');
  const sessionMax = lifetimeOption(label('sessionMax'), options.sessionMax);
  return { rotateGrace: rotateGrace ?? defaultGrace, sessionMax };
}

function lifetimeOption(name: string, text: string | undefined): number | undefined {
  const seconds = readDuration(name, text);
  if (seconds === 0) throw usage(`${name}: a lifetime is at least 1 second`);
  return seconds;
}

const accessMinutes = (env: Environment) => readSeconds('ACCESS_TOKEN_EXPIRE_MINUTES', 60, env);
const refreshDays = (env: Environment) => readSeconds('REFRESH_TOKEN_EXPIRE_DAYS', 86_400, env);

function readSeconds(variable: string, unitSeconds: number, env: Environment): number | undefined {
  const count = readInteger(variable, readVariable(env, variable), 1, 999_999_999);
  return count === undefined ? undefined : count * unitSeconds;
}
