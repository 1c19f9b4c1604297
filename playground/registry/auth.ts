/** Who may push and pull; nobody else then. */
export interface RegistryAuth {
  readonly kind: 'htpasswd';
  readonly username: string;
  readonly password: string;
}

/** Tokens of somebody's own server are what lets in; the distribution registry only. */
export interface TokenAuth {
  readonly kind: 'token';
  /** The server's URL. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM of the CA that signs the certificates of tokens. */
  readonly authority: string;
}
