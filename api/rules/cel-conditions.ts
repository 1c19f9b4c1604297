import { ROLLBACK_TO } from '../annotations.js';
import { OPERATORS_PREFIX } from '../operators-prefix.js';
import { RANGE_PARTS } from '../version-constraint.js';
import type { Cel, CelValidation } from './cel.js';

/** Where the operator runs, unless it was moved: then manifests and chart put another namespace in its place. */
const OPERATOR_NAMESPACE = 'k8s-werf-operator-go-system';

/** The release's name that a bundle's name makes, as `cutReleaseName` cuts it. */
const OWN_RELEASE =
  "size(object.metadata.name) > 53 ? object.metadata.name.substring(0, 53).find('^.*[^-_.]') : object.metadata.name";

/** A text of a program as a literal of CEL. */
const literal = (text: string): string => `r'${text}'`;

/** Whatever `\\s` is in JavaScript: that of RE2 stands for fewer characters. */
const BLANK = String.raw`[\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`;

/** What several conditions speak of; computed when one of them asks. Each may name those before it. */
export const CEL_VARIABLES: readonly { readonly name: string; readonly expression: string }[] = [
  { name: 'operatorNamespace', expression: `'${OPERATOR_NAMESPACE}'` },
  { name: 'target', expression: 'object.spec.converge.?targetNamespace.orValue(request.namespace)' },
  { name: 'host', expression: "object.spec.registry.url.replace('oci://', '').split('/')[0]" },
  { name: 'port', expression: "variables.host.find(':[0-9]+$')" },
  { name: 'blank', expression: literal(BLANK) },
  { name: 'version', expression: literal(RANGE_PARTS.version) },
  { name: 'operator', expression: literal(`(?:${RANGE_PARTS.operator})?`) },
  {
    name: 'range',
    expression:
      "'(?:' + variables.version + variables.blank + '+-' + variables.blank + '+' + variables.version + '|' + variables.operator + variables.blank + '*' + variables.version + ')'",
  },
  {
    name: 'allOf',
    expression:
      "variables.blank + '*' + variables.range + '(?:(?:' + variables.blank + '*,' + variables.blank + '*|' + variables.blank + '+)' + variables.range + ')*' + variables.blank + '*'",
  },
  { name: 'deployedTag', expression: "oldObject == null ? '' : oldObject.?status.?lastAppliedTag.orValue('')" },
  { name: 'targetBefore', expression: 'oldObject.spec.?converge.?targetNamespace.orValue(request.namespace)' },
  { name: 'ownRelease', expression: OWN_RELEASE },
  { name: 'release', expression: 'object.spec.converge.?releaseName.orValue(variables.ownRelease)' },
  { name: 'releaseBefore', expression: 'oldObject.spec.?converge.?releaseName.orValue(variables.ownRelease)' },
  {
    name: 'operatorsSources',
    expression: `object.spec.converge.?valuesFrom.orValue([]).filter(source, has(source.secretRef) && source.secretRef.name.startsWith('${OPERATORS_PREFIX}') && (request.namespace == variables.operatorNamespace && source.?from.orValue('Either') != 'Target' || variables.target == variables.operatorNamespace && source.?from.orValue('Either') != 'Bundle'))`,
  },
];

/** A text as messages quote it: escaped, and cut after 100 characters. */
const quoted = (text: string): string =>
  `strings.quote(size(${text}) > 100 ? ${text}.substring(0, 100) + '…' : ${text})`;

/** A condition whose message is the same whatever the bundle says, but for the value. @param words - CEL */
const invalid = (given: {
  readonly field: string;
  readonly expression: string;
  readonly words: string;
}): CelValidation => ({
  expression: given.expression,
  message: `${given.field}: Invalid value`,
  messageExpression: `'${given.field}: Invalid value: ' + ${quoted(`object.${given.field}`)} + ': ' + ${given.words}`,
});

/** Groups of hexadecimal digits, as `isIPv6` takes them; apiservers before 1.31 have no isIP, and later ones leave out what maps IPv4. */
const IPV6 = [
  '(G:){7}G',
  '(G:){1,7}:',
  ...[1, 2, 3, 4, 5, 6].map((after) => `(G:){1,${7 - after}}(:G){1,${after}}`),
  ':(:G){1,7}',
  '::',
]
  .join('|')
  .replaceAll('G', '[0-9a-fA-F]{1,4}');

const HOST_WORDS = "strings.quote(variables.host) + ' is no host[:port]'";

/** Beside the schema's pattern: numbers of ports, and IPv6. */
export const REPOSITORY: Cel = {
  kind: 'policy',
  validations: [
    invalid({
      field: 'spec.registry.url',
      expression:
        "variables.port == '' || int(variables.port.substring(1)) > 0 && int(variables.port.substring(1)) <= 65535",
      words: HOST_WORDS,
    }),
    invalid({
      field: 'spec.registry.url',
      expression: `!variables.host.startsWith('[') || variables.host.matches('^\\\\[(${IPV6})\\\\](:[0-9]+)?$')`,
      words: HOST_WORDS,
    }),
  ],
};

export const CONSTRAINT: Cel = {
  kind: 'policy',
  validations: [
    invalid({
      field: 'spec.registry.versionConstraint',
      expression:
        "!has(object.spec.registry.versionConstraint) || object.spec.registry.versionConstraint.matches('^' + variables.blank + '*$') || object.spec.registry.versionConstraint.split('||').all(part, part.matches('^' + variables.allOf + '$'))",
      words: `${quoted('object.spec.registry.versionConstraint')} + ' is no version range; for example ">=1.2.0 <2.0.0", "^1.4" or "~1.2 || 2.x"'`,
    }),
  ],
  except:
    'what has the form of a version and is none: a number beyond 2^53, or one with a leading zero in a pre-release, as in 1.2.3-01',
};

/**
 * The apiserver's own expressions are those of Go: an expression that is none ends in an error, which is a refusal, and its message names
 * field and fault. Whether it matches does not matter.
 */
export const PATTERN: Cel = {
  kind: 'policy',
  validations: [
    {
      expression:
        "!has(object.spec.registry.tagPattern) || ''.matches(object.spec.registry.tagPattern) in [true, false]",
      message: 'spec.registry.tagPattern: Invalid value: must be an expression of Go (RE2)',
    },
  ],
};

export const SERVICE_ACCOUNT: Cel = {
  kind: 'policy',
  validations: [
    {
      expression: 'variables.target == request.namespace || has(object.spec.converge.serviceAccountName)',
      message: 'spec.converge.serviceAccountName: Required value',
      messageExpression: `'spec.converge.serviceAccountName: Required value: the ServiceAccount in namespace "' + variables.target + '" that the deploy runs as; it may only be left out for a deploy into the bundle\\'s own namespace "' + request.namespace + '"'`,
    },
  ],
};

/** A field that says where the release is. @param now - a variable, as `before` */
const fixed = (name: string, { before, now }: { readonly before: string; readonly now: string }): CelValidation => {
  const field = `spec.converge.${name}`;
  return {
    expression: `variables.deployedTag == '' || variables.${now} == variables.${before}`,
    message: `${field}: Invalid value: is fixed once something was deployed`,
    messageExpression: `'${field}: ' + (has(object.${field}) ? 'Invalid value: "' + object.${field} + '": ' : 'Required value: ') + '${name} is fixed to "' + variables.${before} + '" since tag "' + variables.deployedTag + '" was deployed there; a release elsewhere needs a bundle of its own'`,
  };
};

/** Beside the schema, which does not see the bundle's namespace. */
export const PLACE: Cel = {
  kind: 'policy',
  validations: [
    fixed('targetNamespace', { before: 'targetBefore', now: 'target' }),
    fixed('releaseName', { before: 'releaseBefore', now: 'release' }),
  ],
};

const ROLLBACK_VALUE = `object.metadata.?annotations[?'${ROLLBACK_TO}'].orValue('')`;

export const ROLLBACK: Cel = {
  kind: 'policy',
  validations: [
    {
      expression: `${ROLLBACK_VALUE} == '' || ${ROLLBACK_VALUE}.matches('^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$')`,
      message: `metadata.annotations[${ROLLBACK_TO}]: Invalid value: must be a tag`,
      messageExpression: `'metadata.annotations[${ROLLBACK_TO}]: Invalid value: ' + ${quoted(ROLLBACK_VALUE)} + ': a tag is needed: 1 to 128 letters, digits, "_", "." and "-", of which the first is a letter, a digit or "_"'`,
    },
  ],
  except: 'a change of annotations alone, which the controller judges',
};

const operatorsOwn = (given: {
  /** CEL: the field's path, and the name that stands there. */
  readonly field: string;
  readonly name: string;
  readonly kind: string;
  /** CEL: whether that is the matter. */
  readonly fault: string;
  /** The path if it is said without the bundle. */
  readonly path: string;
}): CelValidation => ({
  expression: `!(${given.fault})`,
  message: `${given.path}: Forbidden: a ${given.kind} of the operator's own, which no bundle may use`,
  messageExpression: `${given.field} + ': Forbidden: ${given.kind} ' + ${given.name} + ' in namespace ' + variables.operatorNamespace + ' is the operator\\'s own, which no bundle may use'`,
});

/** The reference at a path below spec, in the bundle's namespace or in the target's. */
const operatorsOwnAt = (
  { parent, path, kind }: { readonly parent: string; readonly path: string; readonly kind: string },
  namespace: string,
): CelValidation => {
  const name = `object.spec.${path}`;
  const fault = `${namespace} == variables.operatorNamespace && has(${parent}) && ${name}.startsWith('${OPERATORS_PREFIX}')`;
  return operatorsOwn({ path: `spec.${path}`, field: `'spec.${path}'`, name, kind, fault });
};

export const OPERATORS_OWN: Cel = {
  kind: 'policy',
  validations: [
    ...['registry.secretRef', 'registry.caSecretRef', 'converge.werfSecretKeyRef'].map((path) =>
      operatorsOwnAt({ parent: `object.spec.${path}`, path: `${path}.name`, kind: 'Secret' }, 'request.namespace'),
    ),
    operatorsOwnAt(
      {
        parent: 'object.spec.converge.serviceAccountName',
        path: 'converge.serviceAccountName',
        kind: 'ServiceAccount',
      },
      'variables.target',
    ),
    operatorsOwn({
      path: 'spec.converge.valuesFrom',
      field:
        "'spec.converge.valuesFrom[' + string(object.spec.converge.valuesFrom.indexOf(variables.operatorsSources[0])) + '].secretRef.name'",
      name: 'variables.operatorsSources[0].secretRef.name',
      kind: 'Secret',
      fault: 'size(variables.operatorsSources) > 0',
    }),
  ],
  except: 'a Secret that --certificate-secret names otherwise, and a change of annotations alone',
};

export const BY_FLAGS: Cel = {
  kind: 'not-expressible',
  why: 'the list is a flag of the webhook, and a second one beside it could say something else',
};

export const ASKS_TOO_OFTEN: Cel = {
  kind: 'not-expressible',
  why: 'a bundle refers to 67 objects in two namespaces, and a policy may ask the authorizer 28 times; how strict to be is a flag of the webhook',
};

export const LOOKS_INTO_VALUES: Cel = {
  kind: 'not-expressible',
  why: 'it goes through values of any depth, and CEL has no recursion; most values are in other objects, anyway',
};
