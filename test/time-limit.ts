/**
 * What is begun comes to, if it does so before a timer of `limit` milliseconds that starts with it. Both wait for the same event
 * loop, so that a busy machine, which delays the one as it delays the other, makes no limit seem to be missed.
 */
export async function within<T>(limit: number, begin: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([begin(), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
