/** What run.js may show in the log of a job: no secrets, and no commands that a stranger wrote. */

/** Commands that print no secret, with those of `keys`. Others are refused. */
const shown = ['verify', 'inspect', 'decode', 'diff', 'lint', 'probe', 'revoke', 'keygen', 'help'];
/** Commands that print a token, which becomes an output of the action instead. */
export const captured = ['issue', 'refresh', 'encrypt'];
const shownOfKeys = ['list', 'jwks', 'thumbprint', 'rotate', 'retire', 'remove', 'prune', 'import'];

const ownStep = 'run jwtkit in a step of your own: it is on the PATH';

/**
 * Refuses a command whose output may hold a secret.
 * @throws {Error}
 */
export function refuseSecrets([name, part, ...rest]) {
  const runs = [...captured, ...shown, `keys ${shownOfKeys.join('|')}`].join(', ');
  if (name === 'keys' ? !shownOfKeys.includes(part) : ![...captured, ...shown].includes(name)) {
    const given = JSON.stringify(name === 'keys' ? `keys ${part}` : name);
    throw new Error(
      `the action does not run ${given}: it runs ${runs}. For others, which may print secrets, ${ownStep}`,
    );
  }
  const privateOut = /(?:^| )--private[= ](?:-(?: |$)|\/dev\/|\/proc\/)/;
  if (name === 'keygen' && privateOut.test([part, ...rest].join(' ')))
    throw new Error(`keygen would print a key into the log: name a file, or ${ownStep}`);
}

/** A line of output without tokens and commands of the runner. A line that is an annotation of jwtkit stays one. */
export function harmless(line, annotates) {
  const text = line.replace(/(?:eyJ|ewo)[\w-]{8,}\.[\w.-]*/g, '[token]').replace(/#(?=#\w*\[)/g, '\\u0023');
  return annotates ? text : text.replace(/^(\s*):(?=:)/, '$1\\u003a');
}

/** Text as the message of a command of the runner. */
export function asMessage(text) {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('##', '# #');
}
