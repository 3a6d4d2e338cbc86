/** The 4 or 16 bytes of an IP address; undefined for anything else. IPv6 as the URL standard reads it. */
export function ipBytes(text: string): Buffer | undefined {
  const decimal = /^(?:0|[1-9]\d{0,2})$/;
  const numbers = text.split('.');
  if (numbers.length === 4 && numbers.every((number) => decimal.test(number) && Number(number) < 256)) {
    return Buffer.from(numbers.map(Number));
  }
  const url = `http://[${text}]`;
  if (!/^[0-9a-f:.]{2,45}$/i.test(text) || !text.includes(':') || !URL.canParse(url)) return undefined;
  const [before = [], after = []] = new URL(url).hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
