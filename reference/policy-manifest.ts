import { Document, isScalar, type Scalar, visit } from 'yaml';
import { CEL_VARIABLES } from '../api/rules/cel-conditions.js';
import { RULES } from '../api/rules.js';
import { GROUP, PLURAL, VERSION } from '../api/werfbundle.js';

const HEAD = ` Generated from the rules (api/rules) by \`npm run generate\`; not to be edited. docs/admission-policy.md says what it is for, and
 docs/reference/admission-policy.md which rules it holds.`;
const LINE = 120;

/** The text of manifests/admission-policy/policy.yaml: the rules that an apiserver can judge by itself, and the CRD's schema does not. */
export const policyManifest = (): string => {
  const document = new Document(policy());
  document.commentBefore = HEAD;
  visit(document, {
    Scalar: (_, scalar) => {
      if (isExpression(scalar)) scalar.type = 'BLOCK_FOLDED';
    },
    Seq: (_, list) => {
      list.flow = list.items.every(isScalar);
    },
  });
  return document.toString({ lineWidth: LINE, indentSeq: false, flowCollectionPadding: false });
};

/** Within quotes of YAML an expression would be hard to read, since it has quotes itself. */
const isExpression = ({ value }: Scalar): boolean => typeof value === 'string' && /['"\\]|.{80}/.test(value);

const policy = () => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'werfbundle-rules', labels: { 'app.kubernetes.io/part-of': 'werfbundle' } },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: { matchPolicy: 'Equivalent', resourceRules: [RESOURCES] },
    // As the webhook judges: what leaves the spec alone passes, however old the spec is.
    matchConditions: [{ name: 'spec-has-changed', expression: 'oldObject == null || object.spec != oldObject.spec' }],
    variables: CEL_VARIABLES,
    validations: Object.values(RULES).flatMap(({ cel }) => (cel.kind === 'policy' ? cel.validations : [])),
  },
});

/** The main resource only: a status has rules of its own in the schema, and a deletion is never held up. */
const RESOURCES = {
  apiGroups: [GROUP],
  apiVersions: [VERSION],
  resources: [PLURAL],
  operations: ['CREATE', 'UPDATE'],
  scope: 'Namespaced',
};
