/** The only user who may push and pull. */
export interface RegistryAuth {
  readonly kind: 'htpasswd';
  readonly username: string;
  readonly password: string;
}

/** Access by tokens of another server; only the distribution registry supports it. */
export interface TokenAuth {
  readonly kind: 'token';
  /** The server's URL. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM of the CA that signs the certificates of tokens. */
  readonly authority: string;
}
