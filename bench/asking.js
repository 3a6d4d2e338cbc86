/** Asks a server as fast as it answers. */
import autocannon from 'autocannon';

/**
 * Asks as fast as answers come, over connections that stay open. The client never sleeps: a server that takes longer than
 * the bare one would pay, beside its own work, for waking it with each answer (up to 30 µs in a virtual machine).
 */
export async function ask(
  { server, path, method = 'GET', headers = {}, body },
  seconds,
  { connections, sessions = [] },
) {
  let next = 0;
  let isAsking = true;
  const stayAwake = () => isAsking && setImmediate(stayAwake);
  stayAwake();
  const result = await autocannon({
    url: server.url + path,
    connections,
    duration: seconds,
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(sessions.length === 0 ? {} : { setupClient: (client) => rotate(client, sessions[next++]) }),
  });
  isAsking = false;
  if (result.non2xx > 0 || result.errors > 0 || result.requests.total === 0) {
    throw new Error(
      `${path}: ${result.non2xx} answers of ${result.requests.total} were refusals, ${result.errors} errors`,
    );
  }
  return result;
}

/** Each connection refreshes a session of its own, with the token that the last answer brought. */
function rotate(client, { refresh_token: token }) {
  client.setBody(`refresh_token=${token}`);
  client.on('body', (bytes) => client.setBody(`refresh_token=${JSON.parse(bytes).refresh_token}`));
}
