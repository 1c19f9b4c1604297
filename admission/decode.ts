import { isMap, type JsonMap } from '../api/json-map.js';
import { API_VERSION, GROUP, KIND, PLURAL, VERSION, type WerfBundle } from '../api/werfbundle.js';
import type { AdmissionRequest, Requester } from './admission-request.js';

/** A body that is not an AdmissionReview v1; `uid` if at least that could be read. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly uid?: string;
  readonly message: string;
}

/**
 * What kind of request was decoded.
 * `foreign`: a well-formed question that this webhook has no rules for; it is refused, since nobody else would judge it.
 */
type DecodedBundle =
  | { readonly kind: 'request'; readonly request: DecodedRequest }
  | { readonly kind: 'foreign'; readonly message: string };

/** The part of a request that is in the body; the rest comes from the call. */
type DecodedRequest = Omit<AdmissionRequest, 'withinMs'>;

/** The version of AdmissionReview that is read and written. */
export const REVIEW_VERSION = 'admission.k8s.io/v1';
export const REVIEW_KIND = 'AdmissionReview';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const objectOf = (value: unknown): JsonMap => (isMap(value) ? value : {});

/** A decoded AdmissionReview, for any kind; of `request` only the kind, the resource and the user have been checked. */
export interface Review {
  readonly kind: 'review';
  readonly uid: string;
  readonly request: JsonMap;
}

/**
 * Reads an AdmissionReview. Never throws.
 * @param body - bytes of the HTTP request; UTF-8 JSON is expected
 */
export const readReview = (body: Uint8Array): Review | Malformed => {
  const review = parse(body);
  if (typeof review === 'string') return { kind: 'malformed', message: review };
  const request = objectOf(review['request']);
  const uid = textOf(request['uid']);
  const fault = faultOfEnvelope(review) ?? faultOfRequest(request);
  if (fault !== undefined) return { kind: 'malformed', message: fault, ...(uid !== '' && { uid }) };
  return { kind: 'review', uid, request };
};

/** Reads a question about a bundle. Never throws. */
export const decodeBundle = ({ uid, request }: Review): DecodedBundle => {
  const foreign = whyForeign(request);
  if (foreign !== undefined) return { kind: 'foreign', message: foreign };
  return { kind: 'request', request: toRequest(request, uid) };
};

/** One decoder serves all, since each text is decoded as a whole. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns the JSON object, or what is wrong with the text */
const parse = (body: Uint8Array): JsonMap | string => {
  if (body.length === 0) return 'the body is empty';
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return 'the body is no UTF-8';
  }
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : 'the body is no JSON object';
  } catch {
    return 'the body is no JSON';
  }
};

const faultOfEnvelope = (review: JsonMap): string | undefined => {
  if (review['kind'] !== REVIEW_KIND) return `kind must be ${REVIEW_KIND}`;
  if (review['apiVersion'] !== REVIEW_VERSION) return `apiVersion must be ${REVIEW_VERSION}`;
  return isMap(review['request']) ? undefined : 'request is missing';
};

const faultOfRequest = (request: JsonMap): string | undefined => {
  if (textOf(request['uid']) === '') return 'request.uid is missing';
  for (const field of ['kind', 'resource', 'userInfo']) {
    if (!isMap(request[field])) return `request.${field} is missing`;
  }
  if (!isRequester(objectOf(request['userInfo']))) return 'request.userInfo is malformed';
  if (textOf(request['operation']) === '') return 'request.operation is missing';
  if (!isNullish(request['dryRun']) && typeof request['dryRun'] !== 'boolean')
    return 'request.dryRun must be a boolean';
  return undefined;
};

/** Some fields of a user take rights away, so none of them may be overlooked. */
const isRequester = ({ groups, extra }: JsonMap): boolean =>
  (isNullish(groups) || isTexts(groups)) &&
  (isNullish(extra) || (isMap(extra) && Object.values(extra).every((values) => isNullish(values) || isTexts(values))));

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const isNullish = (value: unknown): boolean => value === undefined || value === null;

/** Why the request is not for this webhook: another resource or operation, or objects of another kind or name than the request says. */
const whyForeign = (request: JsonMap): string | undefined => {
  const resource = objectOf(request['resource']);
  const requested = [resource['group'], resource['version'], resource['resource']].map(textOf).join('/');
  const subResource = textOf(request['subResource']);
  const operation = textOf(request['operation']);
  if (requested !== `${GROUP}/${VERSION}/${PLURAL}` || subResource !== '') {
    return `this webhook judges ${API_VERSION} ${PLURAL} and was asked about ${[requested, subResource].filter(Boolean).join('/')}: the rules of the webhook configuration are wrong`;
  }
  const kind = objectOf(request['kind']);
  if (kind['group'] !== GROUP || kind['version'] !== VERSION || kind['kind'] !== KIND) {
    return `request.kind is not ${API_VERSION} ${KIND}`;
  }
  if (operation !== 'CREATE' && operation !== 'UPDATE') {
    return `this webhook judges CREATE and UPDATE and was asked about ${operation}: the rules of the webhook configuration are wrong`;
  }
  return faultOfObject('object', request) ?? (operation === 'UPDATE' ? faultOfObject('oldObject', request) : undefined);
};

const faultOfObject = (field: 'object' | 'oldObject', request: JsonMap): string | undefined => {
  const object = request[field];
  if (!isMap(object)) return `request.${field} is missing`;
  if (object['apiVersion'] !== API_VERSION || object['kind'] !== KIND) {
    return `request.${field} is not a ${API_VERSION} ${KIND}`;
  }
  return isMap(object['metadata']) ? undefined : `request.${field}.metadata is missing`;
};

const toRequest = (request: JsonMap, uid: string): DecodedRequest => {
  const metadata = objectOf(objectOf(request['object'])['metadata']);
  const name = [metadata['name'], request['name'], metadata['generateName']].map(textOf).find((text) => text !== '');
  const operation = request['operation'] === 'UPDATE' ? 'UPDATE' : 'CREATE';
  return {
    uid,
    operation,
    namespace: textOf(request['namespace']),
    name: name ?? '',
    requester: requesterOf(request),
    dryRun: request['dryRun'] === true,
    object: asBundle(request['object']),
    ...(operation === 'UPDATE' && { oldObject: asBundle(request['oldObject']) }),
  };
};

/** Who asks; of a {@link Review} they have been checked. */
export const requesterOf = (request: JsonMap): Requester => {
  const user = objectOf(request['userInfo']);
  return {
    username: textOf(user['username']),
    uid: textOf(user['uid']),
    groups: textsOf(user['groups']),
    extra: Object.fromEntries(Object.entries(objectOf(user['extra'])).map(([key, values]) => [key, textsOf(values)])),
  };
};

const textsOf = (value: unknown): readonly string[] => (isTexts(value) ? value : []);

/** After {@link faultOfObject}: apiVersion, kind and metadata are what they should be; AdmissionRequest says so of the rest. */
const asBundle = (value: unknown): WerfBundle => value as WerfBundle;
