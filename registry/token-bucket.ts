/** How many requests a host gets: so many a second, and so many at once after a pause. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What a host may still get. Times are milliseconds of the monotonic clock. */
export interface TokenBucket {
  readonly tokens: number;
  readonly at: number;
}

/** @returns the bucket with one token less, or how long to wait for one */
export const takeToken = (
  bucket: TokenBucket,
  rate: Rate,
  now: number,
): { readonly kind: 'taken'; readonly bucket: TokenBucket } | { readonly kind: 'wait'; readonly ms: number } => {
  const tokens = tokensAt(bucket, rate, now);
  return tokens >= 1
    ? { kind: 'taken', bucket: { tokens: tokens - 1, at: now } }
    : { kind: 'wait', ms: Math.ceil(((1 - tokens) / rate.perSecond) * 1000) };
};

/** Whether the bucket is as full as a new one, so that it need not be kept. */
export const isFull = (bucket: TokenBucket, rate: Rate, now: number): boolean =>
  tokensAt(bucket, rate, now) >= rate.burst;

const tokensAt = ({ tokens, at }: TokenBucket, { perSecond, burst }: Rate, now: number): number =>
  Math.min(burst, tokens + (Math.max(0, now - at) / 1000) * perSecond);
