/** Points of log-ins in Redis, for several machines. Each step is one script on one key. */
import { type Connection, timeLimit, withinTimeLimit } from '../redis/connection.js';
import { type LoginPoints, pendingLimit, pointLife } from './points.js';

/**
 * A sorted set of points by the moment when they stop counting. Pending points begin with a question mark. The clock is the server's,
 * or the caller's if the user may not run TIME.
 */
const takeScript = `
local time = redis.pcall('TIME')
local now = time.err and tonumber(ARGV[1]) or time[1] * 1000 + math.floor(time[2] / 1000)
local bound, life, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local points = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local count = #points / 2
if count < bound then
  redis.call('ZADD', KEYS[1], now + life, '?' .. ARGV[2])
  redis.call('PEXPIRE', KEYS[1], life)
  return 'taken'
end
for at = 1, #points, 2 do
  if string.sub(points[at], 1, 1) == '?' and points[at + 1] - now > life - limit then return 'busy' end
end
return points[2 * (count - bound + 1)] - now`;

const settleScript = `
local own = '?' .. ARGV[1]
local score = redis.call('ZSCORE', KEYS[1], own)
-- In this order: an empty set would lose its expiry.
if ARGV[2] == 'spent' and score then redis.call('ZADD', KEYS[1], score, ARGV[1]) end
redis.call('ZREM', KEYS[1], own)
if ARGV[2] == 'forgiven' then
  for _, point in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if string.sub(point, 1, 1) ~= '?' then redis.call('ZREM', KEYS[1], point) end
  end
end
return 1`;

/** Milliseconds without questions after a slow failure, since a log-in asks six times in turn. */
const restTime = 5000;

/** Keeps points in Redis, under keys with the prefix. Each step fails within the time limit. */
export function redisPoints(connection: Connection, prefix: string): LoginPoints {
  let restsUntil = 0;
  const run = async (script: string, key: string, values: string[]) => {
    const began = performance.now();
    if (began < restsUntil) throw new Error('did not answer in time a moment ago');
    try {
      return await withinTimeLimit(() => connection.eval(script, { keys: [prefix + key], arguments: values }));
    } catch (error) {
      const end = performance.now();
      if (end - began > timeLimit / 2) restsUntil = end + restTime;
      throw error;
    }
  };
  return {
    async take(key, bound, id) {
      const values = [Date.now(), id, bound, pointLife, pendingLimit].map(String);
      const answer = await run(takeScript, key, values);
      return answer === 'taken' || answer === 'busy' ? answer : Number(answer);
    },
    async settle(key, id, end) {
      await run(settleScript, key, [id, end]);
    },
  };
}
