/** The fewest that three bytes of a DER INTEGER hold, and the fewest that a PKCS#12 file may have. */
export const keyRounds = 32_768;
export const macRounds = 2048;
