/** Blocks of PEM that hold no key of a token, and those whose middle was left out. */

const boundary = /-----(?:BEGIN|END) ([^\r\n-]{1,64})-----/g;
/** Labels of keys and certificates. Others are those of requests, lists of revoked certificates, parameters and messages. */
const ofKeys = /KEY$|(?<!(?:TRUSTED|ATTRIBUTE|NEBULA) )CERTIFICATE$/;

/** Returns a text without the boundaries of blocks that hold no key and no certificate. All other text stays where it is. */
export function withoutOtherBlocks(text: string): string {
  if (!text.includes('-----BEGIN ')) return text;
  return text.replace(boundary, (whole, label: string) =>
    ofKeys.test(label.trim()) ? whole : ' '.repeat(whole.length),
  );
}

/** Whether the body of a block stands for a key, as in examples: it has dots, or a text in brackets, where the key belongs. */
export function isElided(body: string): boolean {
  return /\.{3}|…|\*{3}|<[^<>]{1,200}>|\[[^[\]]{1,200}\]|\{\{|\$\{/.test(body);
}

/** Whether a text is a bundle of the certificates that a system trusts, as packages bring it along. No set of keys is so large. */
export function isTrustStore(text: string): boolean {
  const blocks = text.split('-----BEGIN ').length - 1;
  return blocks > 100 && text.split('-----BEGIN CERTIFICATE-----').length - 1 === blocks;
}
