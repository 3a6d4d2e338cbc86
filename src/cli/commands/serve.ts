import type { Command } from 'commander';
import type { Context } from '../io.js';
import { addCommonOptions, addExamples, addKeyOptions, addStoreOption, option, readInvocation } from '../options.js';
import type { ServeOptions } from '../serve/serve-options.js';

export function registerServe(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('serve')
    .description('Serve tokens over HTTP: log in, refresh, revoke, introspect, guard a route. Log lines go to stdout.')
    .addOption(option('--host <address>', 'address to listen on (default: 127.0.0.1)').from('JWTKIT_HOST'))
    .addOption(option('--port <number>', 'port to listen on; 0 picks one (default: 8000)').from('JWTKIT_PORT'))
    .addOption(option('--ready-file <file>', 'written with the URL once the service answers, removed when it ends'))
    .addOption(
      option('--issuer-url <url>', 'iss of the tokens and base of all URLs (default: where it listens)')
        .from('JWTKIT_ISSUER_URL')
        .as('issuer'),
    )
    .addOption(option('--aud <audience>', 'audience of the tokens; repeatable').from('JWTKIT_AUD').repeatable())
    .addOption(option('--alg <name>', "algorithm to sign with (default: the key's)").from('JWTKIT_ALG'))
    .addOption(option('--ttl <duration>', 'lifetime of access tokens (default: 30m)').from('JWTKIT_TTL'))
    .addOption(
      option('--refresh-ttl <duration>', 'lifetime of refresh tokens (default: 7d)').from('JWTKIT_REFRESH_TTL'),
    )
    .addOption(option('--leeway <duration>', 'clock difference to bear with (default: 0)').from('JWTKIT_LEEWAY'))
    .addOption(option('--rotate', 'a refresh token is good once, and answered with the next').from('JWTKIT_ROTATE'))
    .addOption(option('--users <file>', 'who may log in (default: users.json in the keyring)').from('JWTKIT_USERS'))
    .addOption(option('--clients <file>', 'clients (default: clients.json in the keyring)').from('JWTKIT_CLIENTS'))
    .addOption(
      option(
        '--login-attempts <count>',
        'failed log-ins of a user in 15 minutes; tenfold for an address (default: 10)',
      ).from('JWTKIT_LOGIN_ATTEMPTS'),
    )
    .addOption(option('--cors <origin>', 'origin whose pages may call; repeatable').from('JWTKIT_CORS').repeatable())
    .addOption(
      option('--trust-proxy <who>', 'believe X-Forwarded-For of these: hops, or addresses and networks by commas').from(
        'JWTKIT_TRUST_PROXY',
      ),
    )
    .addOption(option('--tls-cert <file>', 'serve HTTPS: certificate chain, PEM').from('JWTKIT_TLS_CERT'))
    .addOption(option('--tls-key <file>', 'its private key, PEM').from('JWTKIT_TLS_KEY'))
    .addOption(option('--workers <count>', 'processes that share the work (default: 1)').from('JWTKIT_WORKERS'))
    .addOption(option('--demo', 'keys and the user alice in memory, to try it out on this machine'));
  addKeyOptions(command, 'sign');
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit serve --demo',
    'jwtkit serve --rotate --issuer-url https://auth.example --trust-proxy loopback',
    'jwtkit serve -e .env --port 0 --ready-file ready.json',
    'jwtkit serve --workers 2 --store lmdb:denylist --cors https://app.example',
  ]);
  command.action(async () => {
    const { serve } = await import('../serve/serve.js');
    await serve(readInvocation<ServeOptions>(command, io), context);
  });
}
