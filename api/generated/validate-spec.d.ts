// Generated from manifests/crd/werfbundles.werf.io.yaml by `npm run generate`; not to be edited.

import type { ErrorObject } from 'ajv';
import type { WerfBundleSpec } from './werfbundle.js';

declare const validate: ((spec: unknown) => spec is WerfBundleSpec) & { errors?: ErrorObject[] | null };
export default validate;
