/** What keys of a keyring do, in words: others encrypt to a key for encryption while it would sign, and it decrypts while it would verify. */

/** What a key is for (RFC 7517 §4.2). */
export type KeyUse = 'sig' | 'enc';

/** Returns the use of a keyring's key. */
export function useOf({ use }: { readonly use?: unknown }): KeyUse {
  return use === 'enc' ? 'enc' : 'sig';
}

/** The words for a key of each use. */
export const keyWords = {
  sig: {
    signs: 'signs',
    signsNoLonger: 'no longer signs',
    verifies: 'verifies',
    hasNotVerified: 'has not verified',
    /** What is lost with a key that still verifies. */
    loss: 'its tokens would be refused',
    noneSigns: 'no key signs now',
    noneWouldSign: 'no key would sign any more',
    rotate: 'jwtkit keys rotate',
  },
  enc: {
    signs: 'is encrypted to',
    signsNoLonger: 'is no longer encrypted to',
    verifies: 'decrypts',
    hasNotVerified: 'has not decrypted',
    loss: 'nobody could read what was encrypted to it',
    noneSigns: 'there is no key to encrypt to',
    noneWouldSign: 'no key would be there to encrypt to',
    rotate: 'jwtkit keys rotate --use enc',
  },
} as const;
