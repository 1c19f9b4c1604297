import type { StoredBundle } from '../../api/werfbundle.js';
import type { ManagedFields } from '../../kube/client.js';
import type { Request } from '../reconcile/outcome.js';
import type { Selection } from './target.js';

/** A rollback of one bundle. */
interface Given {
  /** The bundle before it. */
  readonly before: StoredBundle;
  /** How the manifest chooses a tag, where it is kept. */
  readonly manifest: Selection;
  /** What is rolled back to. */
  readonly tag: string;
}

/** One of the two ways to roll a bundle back. */
export interface RollbackWay {
  readonly patchFor: (now: StoredBundle, tag: string) => { readonly metadata?: object; readonly spec?: object };
  /** What those who manage the bundle will make of it, in sentences. @param given.owners - who has written which fields */
  readonly notesOn: (given: Given & { readonly owners: readonly ManagedFields[] }) => readonly string[];
  /** What to do in git, and how the bundle follows its registry again, in lines. */
  readonly adviceOn: (given: Given) => readonly string[];
  /** By what it is known that the controller has seen it. */
  readonly request: Extract<Request, { readonly tag: string }>['kind'];
}
