/** What senders send, as their documents show it: the time of the push is {@link PUSHED_AT}, the repository acme/shop. */

/** When it was pushed, milliseconds since 1970. */
export const PUSHED_AT = Date.UTC(2026, 10, 30, 9, 0, 0);
const TIME = '2026-11-30T09:00:00Z';

/** CNCF Distribution: the layer's event comes in a call of its own. */
export const distributionPush = {
  events: [
    {
      id: '320678d8-ca14-430f-8bb6-4ca139cd83f7',
      timestamp: '2026-11-30T09:00:00.000000000Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        size: 708,
        digest: 'sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf',
        length: 708,
        repository: 'acme/shop',
        url: 'http://registry:5000/v2/acme/shop/manifests/sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf',
        tag: 'v1.2.0',
      },
      request: { id: '6df24a34', addr: '192.168.64.11:42961', host: 'registry:5000', method: 'PUT' },
      actor: {},
      source: { addr: 'registry:5000', instanceID: 'a53db899-3b4b-4a62-a067-8dd013beaca4' },
    },
  ],
};

export const harborPush = {
  type: 'PUSH_ARTIFACT',
  occur_at: PUSHED_AT / 1000,
  operator: 'admin',
  event_data: {
    resources: [{ digest: 'sha256:8a9e', tag: 'v1.2.0', resource_url: 'harbor.example/acme/shop:v1.2.0' }],
    repository: {
      date_created: 1_700_000_000,
      name: 'shop',
      namespace: 'acme',
      repo_full_name: 'acme/shop',
      repo_type: 'private',
    },
  },
};

/** The same in the format CloudEvents. */
export const harborCloudEvent = {
  specversion: '1.0',
  id: '66fce8b4-0b4e-4f3f-9d7e-2e5e7e2a8b0c',
  source: '/projects/2/webhook/policies/15',
  type: 'harbor.artifact.pushed',
  datacontenttype: 'application/json',
  time: TIME,
  data: harborPush.event_data,
  operator: 'admin',
};

export const githubPush = {
  action: 'published',
  package: {
    id: 10_696_678,
    name: 'shop',
    namespace: 'Acme',
    ecosystem: 'CONTAINER',
    package_type: 'CONTAINER',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: TIME,
    owner: { login: 'Acme', type: 'Organization' },
    package_version: {
      name: 'sha256:8a9e',
      container_metadata: { tag: { name: 'v1.2.0', digest: 'sha256:8a9e' } },
      package_url: 'ghcr.io/acme/shop:v1.2.0',
      created_at: TIME,
      updated_at: TIME,
    },
  },
  sender: { login: 'octocat' },
};

export const gitlabPipeline = {
  object_kind: 'pipeline',
  object_attributes: { id: 31, ref: 'main', status: 'success', finished_at: '2026-11-30 09:00:00 UTC' },
  project: { id: 1, path_with_namespace: 'Acme/Shop' },
};

export const gitlabJob = {
  object_kind: 'build',
  build_status: 'success',
  build_finished_at: '2026-11-30 09:00:00 UTC',
  project: { id: 1, path_with_namespace: 'acme/shop' },
};

export const dockerHubPush = {
  callback_url: 'https://registry.hub.docker.com/u/acme/shop/hook/2141b5bi5i5b02bec211i4eeih0242eg11000a/',
  push_data: { pushed_at: PUSHED_AT / 1000, pusher: 'robot', tag: 'v1.2.0' },
  repository: {
    name: 'shop',
    namespace: 'acme',
    repo_name: 'acme/shop',
    repo_url: 'https://hub.docker.com/r/acme/shop',
  },
};

export const quayPush = {
  name: 'shop',
  repository: 'acme/shop',
  namespace: 'acme',
  docker_url: 'quay.io/acme/shop',
  homepage: 'https://quay.io/repository/acme/shop',
  updated_tags: ['v1.2.0'],
};

export const acrPush = {
  id: 'cb8c3971-9adc-488b-xxxx-43cbb4974ff5',
  timestamp: '2026-11-30T09:00:00.0000000Z',
  action: 'push',
  target: {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 524,
    digest: 'sha256:xxxx',
    length: 524,
    repository: 'acme/shop',
    tag: 'v1.2.0',
  },
  request: { id: '2b6f0f0d', host: 'acme.azurecr.io', method: 'PUT', useragent: 'docker/28' },
};

export const ecrPush = {
  version: '0',
  id: '13cde686-328b-6117-af20-0e5566167482',
  'detail-type': 'ECR Image Action',
  source: 'aws.ecr',
  account: '123456789012',
  time: TIME,
  region: 'us-west-2',
  resources: [],
  detail: {
    result: 'SUCCESS',
    'repository-name': 'acme/shop',
    'image-digest': 'sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234',
    'action-type': 'PUSH',
    'image-tag': 'v1.2.0',
  },
};

export const genericPush = { repository: 'acme/shop', time: TIME };
