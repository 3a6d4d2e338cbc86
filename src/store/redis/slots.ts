/** CRC-16/XMODEM of each byte. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 8;
  for (let bit = 0; bit < 8; bit++) sum = (sum & 0x8000) === 0 ? sum << 1 : (sum << 1) ^ 0x1021;
  return sum;
});

/** Returns the slot of a key in a cluster (Redis cluster specification, "Key distribution model"). If the key has text in braces, only that text counts. */
export function slotOf(key: string): number {
  const [, tag = ''] = /^[^{]*\{([^}]*)\}/s.exec(key) ?? [];
  let sum = 0;
  for (const byte of Buffer.from(tag === '' ? key : tag)) {
    sum = ((sum << 8) & 0xffff) ^ (table[(sum >> 8) ^ byte] as number);
  }
  return sum % 16_384;
}
