import type { Command } from 'commander';
import { anyAudienceOption } from '../grammar/audience.js';
import { readInvocation } from '../grammar/invocation.js';
import { option } from '../grammar/option.js';
import {
  addCommonOptions,
  addKeyOptions,
  addStoreOption,
  algOption,
  leewayOption,
  refreshTtlOption,
  rotateGraceOption,
  sessionMaxOption,
  ttlOption,
} from '../grammar/shared-options.js';
import type { Context } from '../terminal/io.js';
import type { ServeOptions } from './service/options.js';

export function registerServe(program: Command, context: Context): void {
  const command = program
    .command('serve')
    .description(
      'Serve tokens over HTTP: log in, refresh, revoke. Also introspects tokens and guards routes. Writes its log to stdout.',
    )
    .addOption(option('--demo', 'try it out on this machine, with keys and the user alice in memory'))
    .addOption(option('--host <address>', 'address to listen on (default: 127.0.0.1)').from('JWTKIT_HOST'))
    .addOption(option('--port <number>', 'port to listen on; 0 picks one (default: 8000)').from('JWTKIT_PORT'))
    .addOption(option('--ready-file <file>', 'file to write the URL to once the service answers; removed when it ends'))
    .addOption(
      option('--issuer-url <url>', 'iss of the tokens, and base of all URLs (default: where it listens)')
        .from('JWTKIT_ISSUER_URL')
        .as('issuer'),
    )
    .addOption(option('--aud <audience>', 'audience of the tokens; repeatable').from('JWTKIT_AUD').repeatable())
    .addOption(anyAudienceOption())
    .addOption(algOption())
    .addOption(ttlOption('lifetime of access tokens (default: 30m)'))
    .addOption(refreshTtlOption())
    .addOption(option('--typ <type>', 'header typ of access tokens, such as at+jwt (default: JWT)').from('JWTKIT_TYP'))
    .addOption(leewayOption())
    .addOption(option('--rotate', 'accept a refresh token once, and issue the next with it').from('JWTKIT_ROTATE'))
    .addOption(rotateGraceOption('5s'))
    .addOption(sessionMaxOption())
    .addOption(option('--users <file>', 'file of the users (default: users.json in the keyring)').from('JWTKIT_USERS'))
    .addOption(
      option('--clients <file>', 'file of the clients (default: clients.json in the keyring)').from('JWTKIT_CLIENTS'),
    )
    .addOption(
      option(
        '--login-attempts <count>',
        'failed log-ins of a user from one address in 15 minutes until more are refused (default: 10)',
      ).from('JWTKIT_LOGIN_ATTEMPTS'),
    )
    .addOption(
      option('--cors <origin>', 'origin whose pages may call the service; repeatable').from('JWTKIT_CORS').repeatable(),
    )
    .addOption(
      option('--auth-cookie <name>', 'cookie from which /auth and /users/me also take a token').from(
        'JWTKIT_AUTH_COOKIE',
      ),
    )
    .addOption(
      option(
        '--trust-proxy <who>',
        'proxies whose X-Forwarded-For counts: how many, or addresses and networks with commas',
      ).from('JWTKIT_TRUST_PROXY'),
    )
    .addOption(option('--tls-cert <file>', 'certificate chain for HTTPS, PEM').from('JWTKIT_TLS_CERT'))
    .addOption(option('--tls-key <file>', 'its private key, PEM').from('JWTKIT_TLS_KEY'))
    .addOption(option('--workers <count>', 'processes to serve with (default: 1)').from('JWTKIT_WORKERS'))
    .addOption(
      option('--log-format <format>', 'format of the log (default: text on a terminal, else json)')
        .choices(['json', 'text'])
        .from('JWTKIT_LOG_FORMAT'),
    );
  addKeyOptions(command, 'sign');
  addStoreOption(command);
  addCommonOptions(command, [
    'jwtkit serve --demo',
    'jwtkit serve --rotate --issuer-url https://auth.example --trust-proxy loopback',
    'jwtkit serve --issuer-url https://app.example --auth-cookie __Host-token --trust-proxy loopback',
    'jwtkit serve -e .env --port 0 --ready-file ready.json',
    'jwtkit serve --workers 2 --store lmdb:denylist --cors https://app.example',
  ]);
  command.action(async () => {
    const { serve } = await import('./service/run.js');
    await serve(readInvocation<ServeOptions>(command), context);
  });
}
