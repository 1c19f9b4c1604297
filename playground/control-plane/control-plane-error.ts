/** A control plane did not come up; nothing of it is left running. The message says which part failed, and why. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';
  /** Another process took a port between our release of it and the program's use: worth another try. */
  readonly portTaken: boolean;

  /** @param evidence - the output of the failed part, in which a taken port is looked for */
  constructor(message: string, evidence: string) {
    super(message);
    this.portTaken = /address already in use|EADDRINUSE/.test(evidence);
  }
}
