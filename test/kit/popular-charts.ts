import { type ChartCase, type ChartParts, casesOf } from './chart-case.js';

const DRAFT_7 = 'http://json-schema.org/draft-07/schema#';

/** As Bitnami's are: `$schema` without a draft, hints for a form, few types. */
const BITNAMI: ChartParts = {
  name: 'wordpress',
  defaults: {
    global: { imageRegistry: '', storageClass: '' },
    wordpressUsername: 'user',
    wordpressPassword: '',
    replicaCount: 1,
    persistence: { enabled: true, size: '10Gi' },
    mariadb: { enabled: true, auth: { password: '' } },
    service: { type: 'LoadBalancer', ports: { http: 80, https: 443 } },
    resources: {},
  },
  schema: {
    $schema: 'http://json-schema.org/schema#',
    type: 'object',
    properties: {
      wordpressUsername: { type: 'string', title: 'Username', form: true },
      wordpressPassword: { type: 'string', title: 'Password', form: true, description: 'Random, if not set' },
      replicaCount: { type: 'integer', form: true, title: 'Number of Replicas' },
      persistence: {
        type: 'object',
        properties: {
          enabled: { type: 'boolean', form: true },
          size: { type: 'string', render: 'slider', sliderMin: 1, sliderMax: 100, sliderUnit: 'Gi' },
        },
      },
      mariadb: { type: 'object', properties: { enabled: { type: 'boolean' }, auth: { type: 'object' } } },
      service: {
        type: 'object',
        properties: {
          type: { type: 'string', enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
          ports: { type: 'object', additionalProperties: { type: 'integer', minimum: 1, maximum: 65535 } },
        },
      },
      resources: { type: 'object', required: [] },
    },
  },
};

/** As cert-manager's is: references by name, everything closed, `additionalProperties` off. */
const CERT_MANAGER: ChartParts = {
  name: 'cert-manager',
  defaults: {
    crds: { enabled: false, keep: true },
    replicaCount: 1,
    featureGates: '',
    image: { tag: '', pullPolicy: 'IfNotPresent' },
  },
  schema: {
    $schema: DRAFT_7,
    $ref: '#/$defs/helm-values',
    $defs: {
      'helm-values': {
        type: 'object',
        additionalProperties: false,
        properties: {
          crds: { $ref: '#/$defs/helm-values.crds' },
          featureGates: { $ref: '#/$defs/helm-values.featureGates' },
          global: { $ref: '#/$defs/helm-values.global' },
          image: { $ref: '#/$defs/helm-values.image' },
          replicaCount: { $ref: '#/$defs/helm-values.replicaCount' },
          extraArgs: { $ref: '#/$defs/helm-values.extraArgs' },
        },
      },
      'helm-values.crds': {
        type: 'object',
        additionalProperties: false,
        properties: { enabled: { type: 'boolean', default: false }, keep: { type: 'boolean', default: true } },
      },
      'helm-values.featureGates': { type: 'string', default: '' },
      'helm-values.global': { type: 'object', description: 'Global values shared across all (sub)charts' },
      'helm-values.image': {
        type: 'object',
        additionalProperties: false,
        properties: {
          tag: { type: 'string' },
          digest: { type: 'string' },
          pullPolicy: { type: 'string', enum: ['Always', 'IfNotPresent', 'Never'] },
        },
      },
      'helm-values.replicaCount': { type: 'number', default: 1 },
      'helm-values.extraArgs': { type: 'array', items: { type: 'string' }, default: [] },
    },
  },
};

/** As ingress-nginx and traefik have them: types that may be null, lists of maps, patterns. */
const INGRESS: ChartParts = {
  name: 'ingress',
  defaults: {
    controller: {
      kind: 'Deployment',
      replicaCount: 2,
      ingressClass: 'nginx',
      hostPort: { enabled: false, ports: { http: 80, https: 443 } },
      resources: { requests: { cpu: '100m', memory: '90Mi' } },
      tolerations: [],
      config: {},
      service: { externalIPs: [], loadBalancerSourceRanges: [], nodePort: null },
    },
    tcp: {},
  },
  schema: {
    $schema: DRAFT_7,
    type: 'object',
    required: ['controller'],
    properties: {
      controller: {
        type: 'object',
        required: ['kind'],
        properties: {
          kind: { enum: ['Deployment', 'DaemonSet', 'Both'] },
          replicaCount: { type: ['integer', 'null'], minimum: 0 },
          ingressClass: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 },
          hostPort: {
            type: 'object',
            properties: {
              enabled: { type: 'boolean' },
              ports: {
                type: 'object',
                patternProperties: { '^[a-z]+$': { type: 'integer' } },
                additionalProperties: false,
              },
            },
            if: { properties: { enabled: { const: true } } },
            // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
            then: { required: ['ports'] },
          },
          resources: { $ref: '#/definitions/resources' },
          tolerations: {
            type: 'array',
            items: { type: 'object', properties: { operator: { enum: ['Exists', 'Equal'] } } },
          },
          config: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
          service: {
            type: 'object',
            properties: {
              externalIPs: { type: 'array', items: { type: 'string', format: 'ipv4' }, uniqueItems: true },
              loadBalancerSourceRanges: {
                type: 'array',
                items: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+\\.\\d+/\\d{1,2}$' },
              },
              nodePort: { anyOf: [{ type: 'null' }, { type: 'integer', minimum: 30000, maximum: 32767 }] },
            },
          },
        },
      },
      tcp: { type: 'object', propertyNames: { pattern: '^\\d+$' }, additionalProperties: { type: 'string' } },
    },
    definitions: {
      quantity: { anyOf: [{ type: 'string', pattern: '^[0-9.]+(m|[kMGT]i?)?$' }, { type: 'number' }] },
      resources: {
        type: 'object',
        properties: {
          requests: { type: 'object', additionalProperties: { $ref: '#/definitions/quantity' } },
          limits: { type: 'object', additionalProperties: { $ref: '#/definitions/quantity' } },
        },
        additionalProperties: false,
      },
    },
  },
};

/** As charts of databases have them: one of several kinds of storage, what needs something else beside it. */
const DATABASE: ChartParts = {
  name: 'database',
  defaults: { auth: { enabled: true, username: 'app' }, storage: { pvc: { size: '1Gi' } }, backup: { enabled: false } },
  schema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      auth: {
        type: 'object',
        properties: {
          enabled: { type: 'boolean' },
          username: { type: 'string' },
          password: { type: 'string', minLength: 8 },
          existingSecret: { type: 'string' },
        },
        dependentRequired: { username: ['enabled'] },
        not: { required: ['password', 'existingSecret'] },
        unevaluatedProperties: false,
      },
      storage: {
        type: 'object',
        minProperties: 1,
        oneOf: [
          { required: ['pvc'], properties: { pvc: { type: 'object', required: ['size'] } } },
          { required: ['emptyDir'] },
          { required: ['hostPath'], properties: { hostPath: { type: 'string', pattern: '^/' } } },
        ],
      },
      backup: {
        type: 'object',
        if: { properties: { enabled: { const: true } }, required: ['enabled'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: {
          required: ['schedule', 'bucket'],
          properties: { schedule: { type: 'string', pattern: '^(@\\w+|(\\S+ ){4}\\S+)$' } },
        },
        else: { maxProperties: 3 },
      },
      shards: {
        type: 'array',
        prefixItems: [{ type: 'string' }],
        items: { type: 'integer' },
        contains: { minimum: 5 },
        maxContains: 2,
      },
    },
  },
};

/** A chart with others in it, some of which are switched off, or there twice. */
const UMBRELLA: ChartParts = {
  name: 'shop',
  defaults: {
    global: { domain: 'example.com' },
    web: { replicas: 2 },
    redis: { enabled: false, auth: {} },
    tags: { jobs: false },
  },
  dependencies: [
    { name: 'web', version: '1.0.0' },
    { name: 'web', version: '1.0.0', alias: 'admin', condition: 'admin.enabled' },
    { name: 'redis', version: '1.0.0', condition: 'redis.enabled' },
    {
      name: 'jobs',
      version: '1.0.0',
      tags: ['jobs'],
      'import-values': ['data', { child: 'settings', parent: 'imported' }],
    },
  ],
  schema: {
    $schema: DRAFT_7,
    type: 'object',
    properties: {
      global: { type: 'object', properties: { domain: { type: 'string', format: 'hostname' } } },
      imported: { type: 'object', properties: { level: { type: 'integer' } } },
      queue: { type: 'string' },
    },
  },
  subcharts: [
    {
      name: 'web',
      defaults: { replicas: 1, enabled: true, global: { color: 'red', domain: 'web.example.com' } },
      schema: {
        type: 'object',
        properties: {
          replicas: { type: 'integer', maximum: 5 },
          global: { required: ['domain'], properties: { color: { enum: ['red', 'blue'] } } },
        },
      },
    },
    {
      name: 'redis',
      defaults: { auth: { password: '' } },
      schema: {
        $schema: DRAFT_7,
        properties: {
          auth: { type: 'object', properties: { password: { type: 'string', minLength: 8 } }, required: ['password'] },
        },
      },
    },
    {
      name: 'jobs',
      defaults: { settings: { level: 3 }, exports: { data: { queue: 'main' } }, parallel: 1 },
      schema: { properties: { parallel: { type: 'integer' } }, required: ['parallel'] },
    },
  ],
};

const port = (value: unknown) => ({ service: { ports: { http: value } } });
const controller = (value: object) => ({ controller: value });

/** Charts written after the habits of those that are in use, each with values that people would give. */
export const POPULAR_CASES: readonly ChartCase[] = [
  ...casesOf('bitnami', BITNAMI, {
    'no values': {},
    'a password': { wordpressPassword: 'secret' },
    'a password of digits': { wordpressPassword: 1234567 },
    'replicas as a text': { replicaCount: '3' },
    'replicas with a fraction': { replicaCount: 1.5 },
    'replicas as 3.0': { replicaCount: 3.0 },
    'replicas taken away': { replicaCount: null },
    'what the schema does not know': { extraEnvVars: [{ name: 'A', value: 'b' }] },
    'a switch as a text': { persistence: { enabled: 'true' } },
    'a size as a number': { persistence: { size: 10 } },
    'persistence that is none': { persistence: false },
    'persistence taken away': { persistence: null },
    'a type of service': { service: { type: 'NodePort' } },
    'a type of service in lower case': { service: { type: 'nodeport' } },
    'an external service': { service: { type: 'ExternalName' } },
    'a port': port(8080),
    'a port as a text': port('8080'),
    'port 0': port(0),
    'port 65535': port(65535),
    'port 65536': port(65536),
    'a port taken away': port(null),
    'a further port that is null': { service: { ports: { metrics: null } } },
    'a further port': { service: { ports: { metrics: 9090 } } },
    'ports as a list': { service: { ports: [80] } },
    resources: { resources: { limits: { cpu: 1 } } },
    'resources as a text': { resources: 'small' },
    'a global registry': { global: { imageRegistry: 'registry.example.com' } },
  }),
  ...casesOf('cert-manager', CERT_MANAGER, {
    'no values': {},
    'the CRDs': { crds: { enabled: true } },
    'the CRDs by their old name': { installCRDs: true },
    'a slip of the pen': { crds: { enable: true } },
    'a slip at the top': { replicacount: 2 },
    replicas: { replicaCount: 2 },
    'replicas as a text': { replicaCount: '2' },
    'replicas with a fraction': { replicaCount: 2.5 },
    'feature gates as a map': { featureGates: { A: true } },
    'an image': { image: { tag: 'v1.16.0', digest: 'sha256:0' } },
    'a tag that is a number': { image: { tag: 1.16 } },
    'a pull policy': { image: { pullPolicy: 'Always' } },
    'an unknown pull policy': { image: { pullPolicy: 'Sometimes' } },
    arguments: { extraArgs: ['--v=2'] },
    'arguments of which one is a number': { extraArgs: ['--v', 2] },
    'arguments as a text': { extraArgs: '--v=2' },
    'global of any kind': { global: { leaderElection: { namespace: 'kube-system' }, priorityClassName: 3 } },
    'global that is a list': { global: [] },
    'an unknown null': { other: null },
    'the CRDs taken away': { crds: null },
  }),
  ...casesOf('ingress', INGRESS, {
    'no values': {},
    'a daemon set': controller({ kind: 'DaemonSet' }),
    'an unknown kind': controller({ kind: 'StatefulSet' }),
    'the kind taken away': controller({ kind: null }),
    'the controller taken away': { controller: null },
    'replicas taken away': controller({ replicaCount: null }),
    'fewer replicas than none': controller({ replicaCount: -1 }),
    'a class': controller({ ingressClass: 'internal-1' }),
    'a class in upper case': controller({ ingressClass: 'Internal' }),
    'a class that is too long': controller({ ingressClass: 'a'.repeat(64) }),
    'a class of 63 letters': controller({ ingressClass: 'a'.repeat(63) }),
    'host ports': controller({ hostPort: { enabled: true } }),
    'host ports without ports': controller({ hostPort: { enabled: true, ports: null } }),
    'no host ports, and none given': controller({ hostPort: { enabled: false, ports: null } }),
    'a host port of an odd name': controller({ hostPort: { ports: { 'HTTP-2': 82 } } }),
    'a host port of a good name': controller({ hostPort: { ports: { metrics: 82 } } }),
    'cpu as a number': controller({ resources: { requests: { cpu: 0.5 } } }),
    'cpu as nonsense': controller({ resources: { requests: { cpu: 'much' } } }),
    'memory with a unit': controller({ resources: { limits: { memory: '1.5Gi' } } }),
    'memory that is true': controller({ resources: { limits: { memory: true } } }),
    claims: controller({ resources: { claims: [] } }),
    'a toleration': controller({ tolerations: [{ operator: 'Exists' }] }),
    'an unknown operator': controller({ tolerations: [{ operator: 'exists' }] }),
    'a toleration that is a text': controller({ tolerations: ['all'] }),
    'config of scalars': controller({ config: { a: 'b', c: 1, d: true } }),
    'config with a list': controller({ config: { a: ['b'] } }),
    'config with a null': controller({ config: { a: null } }),
    addresses: controller({ service: { externalIPs: ['10.0.0.1', '10.0.0.2'] } }),
    'an address twice': controller({ service: { externalIPs: ['10.0.0.1', '10.0.0.1'] } }),
    'an address with zeros': controller({ service: { externalIPs: ['10.0.0.01'] } }),
    'an address that is none': controller({ service: { externalIPs: ['10.0.0.256'] } }),
    'a range': controller({ service: { loadBalancerSourceRanges: ['10.0.0.0/8'] } }),
    'a range without a mask': controller({ service: { loadBalancerSourceRanges: ['10.0.0.0'] } }),
    'a node port': controller({ service: { nodePort: 30080 } }),
    'a node port out of range': controller({ service: { nodePort: 80 } }),
    'a node port as a text': controller({ service: { nodePort: '30080' } }),
    tcp: { tcp: { 5432: 'db/postgres:5432' } },
    'tcp by name': { tcp: { postgres: 'db/postgres:5432' } },
  }),
  ...casesOf('database', DATABASE, {
    'no values': {},
    'a password': { auth: { password: 'correct horse' } },
    'a short password': { auth: { password: 'horse' } },
    'a password of eight characters beyond U+FFFF': { auth: { password: '😀😀😀😀😀😀😀😀' } },
    'a password of four characters beyond U+FFFF': { auth: { password: '😀😀😀😀' } },
    'an existing Secret': { auth: { existingSecret: 'db' } },
    'a password and a Secret': { auth: { password: 'correct horse', existingSecret: 'db' } },
    'an unknown key': { auth: { passwd: 'x' } },
    'a user, and nothing said of enabled': { auth: { enabled: null } },
    'storage of two kinds': { storage: { emptyDir: {} } },
    'storage in memory': { storage: { pvc: null, emptyDir: {} } },
    'storage on the host': { storage: { pvc: null, hostPath: '/data' } },
    'storage on the host, relative': { storage: { pvc: null, hostPath: 'data' } },
    'storage without a size': { storage: { pvc: { size: null } } },
    'no storage': { storage: { pvc: null } },
    'a backup without anything': { backup: { enabled: true } },
    'a backup': { backup: { enabled: true, schedule: '@daily', bucket: 's3://b' } },
    'a backup by cron': { backup: { enabled: true, schedule: '0 3 * * 1', bucket: 's3://b' } },
    'a backup at no time': { backup: { enabled: true, schedule: 'daily', bucket: 's3://b' } },
    'no backup, and much said of it': { backup: { a: 1, b: 2, c: 3 } },
    shards: { shards: ['a', 1, 5] },
    'shards without a large one': { shards: ['a', 1, 2] },
    'shards with too many large ones': { shards: ['a', 5, 6, 7] },
    'shards that begin with a number': { shards: [5, 5] },
    'no shards at all': { shards: [] },
  }),
  ...casesOf('umbrella', UMBRELLA, {
    'no values': {},
    'too many replicas within': { web: { replicas: 6 } },
    'too many replicas of the other one': { admin: { replicas: 6 } },
    'the other one is switched off, and wrong': { admin: { enabled: false, replicas: 6 } },
    'a chart that is switched off is not judged': { redis: { auth: { password: 'short' } } },
    'switched on, its own default is too short': { redis: { enabled: true } },
    'switched on, with a password': { redis: { enabled: true, auth: { password: 'long enough' } } },
    'switched on, its default taken away': { redis: { enabled: true, auth: { password: null } } },
    'a condition that is no boolean': { redis: { enabled: 'yes' } },
    'jobs by their tag': { tags: { jobs: true } },
    'jobs by their tag, wrong': { tags: { jobs: true }, jobs: { parallel: 'many' } },
    'jobs without the tag, wrong': { jobs: { parallel: 'many' } },
    'what jobs need is taken away': { tags: { jobs: true }, jobs: { parallel: null } },
    'what is imported is judged by the outer schema': { tags: { jobs: true }, imported: { level: 'high' } },
    'what would be imported is something else': { tags: { jobs: true }, queue: 5 },
    'tags that are no map': { tags: 'jobs' },
    'values of a chart within are a text': { web: 'yes' },
    'values of a chart within are null': { web: null },
    'values of a chart that is off are a text': { redis: 'no' },
    'a global': { global: { color: 'blue' } },
    'a global that a chart within does not want': { global: { color: 'green' } },
    'a global of the chart within itself': { web: { global: { color: 'green' } } },
    'a global that wins over the one within': { global: { color: 'blue' }, web: { global: { color: 'green' } } },
    'a global taken away': { global: { domain: null } },
    'a global that is a text': { global: 'x' },
    'a global that is no host': { global: { domain: 'not a host' } },
  }),
];
