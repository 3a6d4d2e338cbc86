/** How much a token costs in logs and on the network: figures of docs/scaling.md. */
import { expect, test } from 'vitest';
import { keyPair, startService } from './test-service.js';

test('a refresh writes two log lines of about 600 bytes, and an answer with RS256 takes about 2 KB', async () => {
  const aud = 'https://api.example';
  const service = await startService({ audience: [aud], rotatesRefreshTokens: true }, { keys: await keyPair('RS256') });
  const { refresh_token } = await service.login();
  const { length } = service.lines;
  const { text, headers, status } = await service.send('/token', { grant_type: 'refresh_token', refresh_token });
  expect(status).toBe(200);
  const lines = service.lines.slice(length);
  expect(lines).toHaveLength(2);
  const bytes = Buffer.byteLength(lines.join(''));
  expect(bytes).toBeGreaterThan(450);
  expect(bytes).toBeLessThan(800);
  const answer = text.length + [...headers].join('\r\n').length;
  expect(answer).toBeGreaterThan(1500);
  expect(answer).toBeLessThan(2600);
});
