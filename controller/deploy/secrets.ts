import type { Job, ObjectMeta, ObjectRef, OwnerReference, Secret, Stored } from '../../api/objects.js';
import { parseJson } from '../../api/parse-json.js';
import { type InstallationKey, isSignature, signatureOf } from '../../api/signature.js';
import { isTooDeep } from '../../api/values/deliverable.js';
import { secretTextsIn, secretTextsOfValue } from '../../api/values/secret-texts.js';
import { annotationsOf, labelsOf, ownerOf } from './job.js';
import type { JobParameters } from './job-parameters.js';
import { LABELS } from './names.js';
import { SECRET_KEYS, secretNamesOf } from './secret-names.js';

/** What a Job gets in Secrets of its own; undefined: it gets no such Secret. */
export interface SecretContents {
  /** Text of the values file, JSON as {@link deliveryOf} writes it. */
  readonly valuesFile: string | undefined;
  /** Text of a docker config.json. */
  readonly dockerConfig: string | undefined;
  readonly werfSecretKey: string | undefined;
  /** PEM certificates. */
  readonly ca: string | undefined;
  /** A plan that werf has saved, base64; the values file is not mounted then, but says what the log must not show. */
  readonly plan?: string;
  /** Texts of the values that must not appear in the log. */
  readonly secretTexts: readonly string[];
}

/** What the Secrets of a Job are made of. */
export type SecretsInput = Pick<JobParameters, 'bundle' | 'deployment' | 'driftCheck' | 'plan' | 'operatorVersion'> & {
  readonly targetNamespace: string;
  /** By which it is known again what the log must not show. */
  readonly key: InstallationKey;
  readonly jobInputs: SecretContents;
};

/** Limit for a Secret's contents, bytes: the apiserver accepts 1 MiB, of which a part is left for keys. */
export const MAX_SECRET_BYTES = 1_040_000;

/**
 * The immutable Secrets of a deployment's Job, to be created before it; none for contents that are undefined. The one with the
 * values also keeps, not mounted, the texts that must not appear in the log, so that it can be redacted after a restart.
 */
export const buildSecrets = (input: SecretsInput): readonly Secret[] => {
  const { valuesFile, dockerConfig, werfSecretKey, ca, plan } = input.jobInputs;
  const names = secretNamesOf(input.deployment.jobName);
  const redact = redactionOf(input);
  const values = {
    ...(valuesFile !== undefined && { [SECRET_KEYS.values]: valuesFile }),
    ...(redact !== undefined && { [SECRET_KEYS.redact]: redact }),
  };
  return [
    ...(Object.keys(values).length === 0 ? [] : [secretOf(input, { name: names.values, data: values })]),
    ...(dockerConfig === undefined
      ? []
      : [
          secretOf(input, {
            name: names.dockerConfig,
            type: 'kubernetes.io/dockerconfigjson',
            data: { [SECRET_KEYS.dockerConfig]: dockerConfig },
          }),
        ]),
    ...(werfSecretKey === undefined
      ? []
      : [secretOf(input, { name: names.key, data: { [SECRET_KEYS.key]: werfSecretKey } })]),
    ...(ca === undefined ? [] : [secretOf(input, { name: names.ca, data: { [SECRET_KEYS.ca]: ca } })]),
    ...(plan === undefined ? [] : [withData(secretOf(input, { name: names.plan, data: {} }), plan)]),
  ];
};

/** For {@link buildJob}: which of its Secrets a Job mounts or reads. */
export const presentSecrets = (jobInputs: SecretContents): JobParameters['secrets'] => ({
  values: jobInputs.valuesFile !== undefined,
  dockerConfig: jobInputs.dockerConfig !== undefined,
  key: jobInputs.werfSecretKey !== undefined,
  ca: jobInputs.ca !== undefined,
});

/** The Secret of a Job that {@link secretTextsOf} reads. */
export const redactionSecretName = (jobName: string): string => secretNamesOf(jobName).values;

/**
 * The texts that must not appear in the log of the Job that this Secret was made for.
 * @returns undefined if the Secret does not have them, or others may have written them: then nothing of the log may be shown
 */
export const secretTextsOf = (secret: Secret, job: ObjectRef, key: InstallationKey): readonly string[] | undefined => {
  const encoded = secret.data?.[SECRET_KEYS.redact];
  const redaction = encoded === undefined ? undefined : parseRedaction(decode(encoded));
  if (redaction === undefined) return undefined;
  const values = secret.data?.[SECRET_KEYS.values];
  const valuesFile = values === undefined ? undefined : decode(values);
  if (!isSignature(redaction.signature, signedRedaction(redaction, job, valuesFile), key)) return undefined;
  if (!redaction.allValues) return redaction.texts;
  const parsed = valuesFile === undefined ? undefined : parseJson(valuesFile);
  return parsed === undefined ? undefined : [...redaction.texts, ...secretTextsOfValue(parsed)];
};

/** A merge patch that makes a Job the owner of its Secret, so that they are deleted together. */
export const ownedBy = (job: Stored<Job>): { readonly metadata: Pick<ObjectMeta, 'ownerReferences'> } => {
  const owner: OwnerReference = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    name: job.metadata.name,
    uid: job.metadata.uid,
    controller: true,
    blockOwnerDeletion: false,
  };
  return { metadata: { ownerReferences: [owner] } };
};

/** A Secret of a Job; the bundle owns it until the Job does. */
export const secretOf = (
  input: Omit<SecretsInput, 'jobInputs' | 'key'>,
  secret: { readonly name: string; readonly type?: string; readonly data: Readonly<Record<string, string>> },
): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: secret.name,
    namespace: input.targetNamespace,
    labels: { ...labelsOf(input.bundle), [LABELS.job]: input.deployment.jobName },
    annotations: annotationsOf(input),
    // The bundle owns it until the Job does.
    ...ownerOf(input.bundle, input.targetNamespace),
  },
  type: secret.type ?? 'Opaque',
  immutable: true,
  data: Object.fromEntries(
    Object.entries(secret.data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  ),
});

/** @param plan - base64 of what is no text */
const withData = (secret: Secret, plan: string): Secret => ({ ...secret, data: { [SECRET_KEYS.plan]: plan } });

/** The content of redact.json. */
interface Redaction {
  readonly texts: readonly string[];
  /** Whether every text of the values file is secret, too: the list would not have fitted beside it. */
  readonly allValues: boolean;
  readonly signature: string;
}

const redactionOf = (input: SecretsInput): string | undefined => {
  const { valuesFile, dockerConfig, werfSecretKey, secretTexts } = input.jobInputs;
  const own = [
    ...(dockerConfig === undefined ? [] : dockerSecrets(dockerConfig)),
    ...secretTextsIn(werfSecretKey ?? ''),
  ];
  const texts = [...new Set([...secretTexts, ...own])];
  const isEmpty = texts.length === 0 && valuesFile === undefined;
  if (isEmpty) return undefined;
  const text = signedText(input, { texts, allValues: false });
  if (Buffer.byteLength(text) + Buffer.byteLength(valuesFile ?? '') <= MAX_SECRET_BYTES) return text;
  // Values that are not in the file are not given to werf, and need not be hidden.
  return signedText(input, { texts: own, allValues: valuesFile !== undefined });
};

const signedText = (
  { targetNamespace: namespace, deployment: { jobName: name }, jobInputs, key }: SecretsInput,
  redaction: Omit<Redaction, 'signature'>,
): string => {
  const signed = signedRedaction(redaction, { namespace, name }, jobInputs.valuesFile);
  const whole: Redaction = { ...redaction, signature: signatureOf(signed, key) };
  return JSON.stringify(whole);
};

const signedRedaction = (
  { texts, allValues }: Omit<Redaction, 'signature'>,
  { namespace, name }: ObjectRef,
  valuesFile: string | undefined,
) => ({ purpose: 'redaction', content: { namespace, name, texts, ...(allValues && { valuesFile }) } }) as const;

const parseRedaction = (text: string): Redaction | undefined => {
  const parsed = parseJson(text) as Partial<Redaction> | null | undefined;
  if (!Array.isArray(parsed?.texts) || !parsed.texts.every((item) => typeof item === 'string')) return undefined;
  const { signature } = parsed;
  if (typeof signature !== 'string') return undefined;
  return { texts: parsed.texts, allValues: parsed.allValues !== false, signature };
};

/** All texts of a docker config's entries, and what their `auth` stands for; every line of a text that is no docker config. */
const dockerSecrets = (text: string): readonly string[] => {
  const config = parseJson(text) as { readonly auths?: unknown } | null | undefined;
  const auths = config?.auths;
  if (typeof auths !== 'object' || auths === null || isTooDeep(auths)) return secretTextsIn(text);
  return Object.values(auths as Readonly<Record<string, unknown>>).flatMap((entry) => {
    const texts = textsUnder(entry);
    const { auth } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    return [...texts, ...(typeof auth === 'string' ? loginSecrets(decode(auth)) : [])].flatMap(secretTextsIn);
  });
};

/** Not the keys: they are the same in all docker configs, and `password` would be hidden wherever it stands. */
const textsUnder = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsUnder) : [];
};

/** @param login - `user:password` */
const loginSecrets = (login: string): readonly string[] => {
  const colon = login.indexOf(':');
  return colon < 0 ? [login] : [login, login.slice(0, colon), login.slice(colon + 1)];
};

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
