import { ONLY_IN_FILES } from './cel.js';
import type { Rule } from './rule.js';

/** Of files, documents and what every object has; the command line alone sees them, since a cluster gets JSON. */
export const DOCUMENT_RULES = {
  'not-yaml': {
    id: 'WB001',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'The document is no YAML or JSON that kubectl could read.',
    mend: 'Mend the place that the message names; later faults often follow from the first one.',
    example: 'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {name: web\n',
  },
  'unbounded-aliases': {
    id: 'WB002',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'An anchor contains itself, or aliases stand for more than anybody writes by hand.',
    mend: 'Write out what the aliases stand for.',
    example: 'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: &all\n  name: web\n  labels: *all\n',
  },
  'not-text': {
    id: 'WB003',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'The file is no text in UTF-8, or too large for manifests.',
    mend: 'Save it as UTF-8, or leave it out with --exclude.',
  },
  'misspelled-kind': {
    id: 'WB004',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'The kind or the group is almost that of a WerfBundle: the apiserver knows no such kind, and nothing would judge the object.',
    mend: 'Write kind WerfBundle and the apiVersion that the message names, with these capitals.',
    example: 'apiVersion: werf.io/v1alpha1\nkind: Werfbundle\nmetadata: {name: web}\n',
  },
  'unknown-version': {
    id: 'WB005',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'The group has no such version.',
    mend: 'Write the apiVersion that the message names.',
    example: 'apiVersion: werf.io/v1\nkind: WerfBundle\nmetadata: {name: web}\n',
  },
  'no-name': {
    id: 'WB006',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'The object has no name.',
    mend: 'Give it metadata.name, or metadata.generateName.',
    example: 'apiVersion: werf.io/v1alpha1\nkind: WerfBundle\nmetadata: {namespace: shop}\n',
  },
  'unknown-field': {
    id: 'WB007',
    severity: 'error',
    cel: ONLY_IN_FILES,
    what: 'No WerfBundle has such a field; a cluster drops it in silence.',
    mend: 'Write the field that the message names, or take it away.',
    example: 'registry: {url: ghcr.io/acme/web, tag: v1, pollIntervall: 5m}',
  },
  'not-utf8': {
    id: 'WB008',
    severity: 'warning',
    cel: ONLY_IN_FILES,
    what: 'Some bytes of the file are no UTF-8; kubectl puts U+FFFD in their place.',
    mend: 'Save the file as UTF-8.',
  },
} as const satisfies Readonly<Record<string, Rule>>;
