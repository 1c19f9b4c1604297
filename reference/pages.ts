import { admissionPolicyPage } from './admission-policy.js';
import { annotationsPage } from './annotations.js';
import { commandsPage } from './commands.js';
import { type DocumentedSchema, fieldsPage } from './fields.js';
import { flagsPage } from './flags.js';
import { metricsPage } from './metrics.js';
import { policyManifest } from './policy-manifest.js';
import { reasonsPage } from './reasons.js';

/**
 * All pages of docs/reference, by their files, made of the tables that the programs work with.
 * @param crd - manifests/crd/werfbundles.werf.io.yaml, parsed
 */
export const referencePages = async (crd: {
  readonly spec: {
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: DocumentedSchema } }[];
  };
}): Promise<Readonly<Record<string, string>>> => {
  const root = crd.spec.versions[0]?.schema.openAPIV3Schema;
  if (root === undefined) throw new Error('the CRD has no version');
  return {
    'docs/reference/admission-policy.md': admissionPolicyPage(),
    'docs/reference/annotations.md': annotationsPage(),
    'docs/reference/commands.md': await commandsPage(),
    'docs/reference/fields.md': fieldsPage(root),
    'docs/reference/flags.md': flagsPage(),
    'docs/reference/metrics.md': await metricsPage(),
    'docs/reference/reasons.md': reasonsPage(),
  };
};

/** What of manifests/ is made of the same tables, by the files. */
export const generatedManifests = (): Readonly<Record<string, string>> => ({
  'manifests/admission-policy/policy.yaml': policyManifest(),
});
