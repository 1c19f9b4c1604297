import { type DeployRelevant, deployRelevantOf } from '../../api/checksum.js';
import { keptNameOf } from '../../api/names.js';
import type { Secret } from '../../api/objects.js';
import { parseJson } from '../../api/parse-json.js';
import { type InstallationKey, isSignature, signatureOf } from '../../api/signature.js';
import { isTooDeep } from '../../api/values/deliverable.js';
import { annotationsOf, labelsOf, ownerOf } from './job.js';
import type { JobParameters } from './job-parameters.js';
import { KEPT, LABELS } from './names.js';
import { SECRET_KEYS, secretNamesOf } from './secret-names.js';
import { MAX_SECRET_BYTES, type SecretsInput, secretOf } from './secrets.js';

/** What a deployment was made with, as far as its checksum covers it. */
export interface KeptContents {
  readonly settings: DeployRelevant;
  /** `--set` and `--set-string`; nothing from a Secret. */
  readonly valuesArgs: readonly string[];
  /** Text of the values file; undefined: there was none. */
  readonly valuesFile: string | undefined;
  /** Texts of these values that must not appear in a log. */
  readonly secretTexts: readonly string[];
}

/** Of which deployment of which bundle, and where. */
interface Whose {
  readonly uid: string;
  readonly namespace: string;
  readonly checksum: string;
}

/**
 * The Secret of a Job with what is to be kept of its deployment, should that succeed; undefined: it does not fit into a Secret. It is proven
 * for bundle, namespace and checksum, so that a copy of it under another name is as good, and no other bundle's is.
 */
export const buildKept = (
  input: Omit<SecretsInput, 'jobInputs'> &
    Omit<KeptContents, 'valuesFile' | 'secretTexts'> & {
      readonly jobInputs: Pick<KeptContents, 'valuesFile' | 'secretTexts'>;
    },
): Secret | undefined => {
  const { valuesFile, secretTexts } = input.jobInputs;
  const settings = deployRelevantOf(input.settings);
  const contents: KeptContents = { settings, valuesArgs: input.valuesArgs, valuesFile, secretTexts };
  const { checksum, jobName } = input.deployment;
  const of = { uid: input.bundle.uid, namespace: input.targetNamespace, checksum };
  const signature = signatureOf(signedKept(contents, of), input.key);
  const text = JSON.stringify({ settings, valuesArgs: input.valuesArgs, secretTexts, signature });
  if (Buffer.byteLength(text) + Buffer.byteLength(valuesFile ?? '') > MAX_SECRET_BYTES) return undefined;
  const data = {
    [SECRET_KEYS.kept]: text,
    ...(valuesFile !== undefined && { [SECRET_KEYS.values]: valuesFile }),
  };
  return secretOf(input, { name: secretNamesOf(jobName).kept, data });
};

/** The Secret that keeps it once no Job needs it any more, but for its data. The bundle owns it, in its own namespace. */
export const keptSecret = ({
  namespace,
  ...of
}: Pick<JobParameters, 'bundle' | 'deployment' | 'operatorVersion'> & { readonly namespace: string }): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: keptNameOf(of.bundle),
    namespace,
    labels: { ...labelsOf(of.bundle), [LABELS.secretKind]: KEPT },
    annotations: annotationsOf(of),
    ...ownerOf(of.bundle, namespace),
  },
  type: 'Opaque',
  immutable: true,
});

/** What a Secret keeps; undefined: nothing that the controller has written for just this deployment of this bundle. */
export const keptContents = ({ data }: Secret, of: Whose, key: InstallationKey): KeptContents | undefined => {
  const [kept, valuesFile] = [SECRET_KEYS.kept, SECRET_KEYS.values].map((name) => decoded(data?.[name]));
  const parsed = (kept === undefined ? undefined : parseJson(kept)) as
    | (Partial<KeptContents> & { readonly signature?: unknown })
    | null
    | undefined;
  const { settings, valuesArgs, secretTexts, signature } = parsed ?? {};
  if (settings === undefined || valuesArgs === undefined || secretTexts === undefined || isTooDeep(parsed))
    return undefined;
  const contents: KeptContents = { settings, valuesArgs, valuesFile, secretTexts };
  // What is proven has the types that it was written with.
  const isProven = typeof signature === 'string' && isSignature(signature, signedKept(contents, of), key);
  return isProven ? contents : undefined;
};

const signedKept = ({ settings, valuesArgs, valuesFile, secretTexts }: KeptContents, of: Whose) =>
  ({
    purpose: 'kept',
    content: {
      uid: of.uid,
      namespace: of.namespace,
      checksum: of.checksum,
      settings,
      valuesArgs,
      secretTexts,
      ...(valuesFile !== undefined && { valuesFile }),
    },
  }) as const;

const decoded = (base64: string | undefined): string | undefined =>
  base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
