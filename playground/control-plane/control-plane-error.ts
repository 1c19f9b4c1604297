/** A control plane that did not come up; nothing of it is left running. The message says which part failed, and why. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';
  /** Somebody took a port between our letting go of it and the program's taking it: worth another try. */
  readonly portTaken: boolean;

  /** @param evidence - the words of the part that failed, in which a taken port is looked for */
  constructor(message: string, evidence: string) {
    super(message);
    this.portTaken = /address already in use|EADDRINUSE/.test(evidence);
  }
}
