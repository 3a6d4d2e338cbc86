/** Multipart forms of a log-in, as FastAPI's OAuth2PasswordRequestForm reads them, which the tutorials' servers use. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { describeWithPython } from '../programs.js';
import { startService, user } from './test-service.js';

/** Calls the tutorials' route without a network: each form in turn, and the status with the fields or the detail. */
const code = `
import asyncio, base64, json, sys
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordRequestForm

app = FastAPI()

@app.post("/token")
async def token(form: OAuth2PasswordRequestForm = Depends()):
    return {"username": form.username, "password": form.password}

async def ask(content_type, body):
    sent = []
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}
    async def send(message):
        sent.append(message)
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await app({"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/token",
        "raw_path": b"/token", "query_string": b"", "root_path": "", "scheme": "http", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}, receive, send)
    return [sent[0]["status"], json.loads(sent[1]["body"])]

print(json.dumps([asyncio.run(ask(type, base64.b64decode(body))) for type, body in json.load(sys.stdin)]))
`;

const multipart = 'multipart/form-data; boundary=b';
const part = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const password = 'žluť\r\n 100 % +/=&🔑';
const logIn = `${part('grant_type', 'password')}${part('username', 'zoë')}${part('password', password)}--b--\r\n`;

/** The content type and the text of each form, and the status of the service where it is not FastAPI's. */
const forms: [string, string, string, number?][] = [
  ['as clients send it', multipart, logIn],
  ['with its boundary in quotes', 'multipart/form-data; boundary="b"', logIn],
  ['with names without quotes', multipart, logIn.replaceAll(/name="(\w+)"/g, 'name=$1')],
  ['with types', multipart, logIn.replaceAll('\r\n\r\n', '\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n')],
  ['with empty fields', multipart, `${part('scope', '')}${part('client_id', '')}${logIn}`],
  ['with fields that nobody knows', multipart, `${part('x', '1')}${logIn}`],
  ['without a line end after it', multipart, logIn.trimEnd()],
  ['with a file', multipart, logIn.replace('name="password"', 'name="password"; filename="p"')],
  ['without a password', multipart, `${part('grant_type', 'password')}${part('username', 'zoë')}--b--\r\n`],
  ['without a boundary in the header', 'multipart/form-data', logIn],
  ['that is urlencoded', multipart, 'username=alice&password=wonderland'],
  // A field twice is refused in every kind of form, since FastAPI's last one may be another's first one.
  ['with a field twice', multipart, `${part('password', 'other')}${logIn}`, 422],
  ['that is cut off', multipart, logIn.slice(0, -6), 400],
];

describeWithPython(['fastapi', 'multipart'], 'FastAPI', (python) => {
  test('reads the same fields from a multipart form, and refuses the same forms', { tags: 'slow' }, async () => {
    const input = JSON.stringify(forms.map(([, type, text]) => [type, Buffer.from(text).toString('base64')]));
    const { stdout, stderr } = spawnSync(python, ['-W', 'ignore', '-c', code], { input, encoding: 'utf8' });
    expect(stdout, stderr).toMatch(/^\[/);
    const answers = JSON.parse(stdout) as [number, Record<string, unknown>][];
    const service = await startService();
    service.users = [user('zoë', { passwordHash: password })];
    for (const [at, [what, type, text, ownStatus]] of forms.entries()) {
      const [status, fields] = answers[at] ?? [];
      if (status === 200) expect(fields, what).toEqual({ username: 'zoë', password });
      const body = Buffer.from(text);
      const answer = await service.ask('/token', { method: 'POST', headers: { 'content-type': type }, body });
      expect([what, answer.status]).toEqual([what, ownStatus ?? status]);
    }
  });
});
