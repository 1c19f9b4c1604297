/** An HTTP answer of whatever status, its body read and unzipped. */
export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Of whoever answered, after redirects. */
  readonly origin: string;
  /** The first value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  /** Empty unless the status is 2xx: what a registry says in an error is not for us. */
  readonly body: Buffer;
}
