/** Reads an encrypted token per line; writes its content as a line, or as JSON. */
import { JwtkitError } from '../errors.js';
import { contentMember, textProblem } from '../jose/text.js';
import { escapeText } from '../shown-text.js';
import { trimToken } from '../token/decode.js';
import type { LineAnswerer } from './answer.js';
import type { Job } from './job.js';
import { answerWithText } from './text-lines.js';

type DecryptJob = Extract<Job, { kind: 'decrypt' }>;

/** Answers the lines of `decrypt --batch`. */
export function decryptLines({ algorithms, encryptions, asJson, isShown }: DecryptJob): LineAnswerer {
  return {
    async prepare({ encryption: keys = [] }) {
      const { decryptJwe } = await import('../jwe/decrypt.js');
      return answerWithText({ asJson, outcome: 'decrypted', malformed: 'TOKEN_MALFORMED' }, async (line) => {
        const decrypted = await decryptJwe(trimToken(line), { keys, algorithms, encryptions });
        const { plaintext, exactHeader, key } = decrypted;
        if (!asJson) return { text: oneLine(plaintext, isShown), members: {} };
        return { text: '', members: { header: exactHeader, kid: key.kid ?? null, ...contentMember(plaintext) } };
      });
    },
  };
}

/** Returns a content that fits a line, without the line end behind it. */
function oneLine(plaintext: Uint8Array, isShown: boolean): string {
  const text = Buffer.from(plaintext)
    .toString()
    .replace(/\r?\n$/, '');
  if (textProblem(plaintext) !== undefined || /[\r\n]/.test(text)) {
    throw new JwtkitError('USAGE_INVALID', 'the content is not one line of text; --json prints it');
  }
  return isShown ? escapeText(text) : text;
}
