import { acr } from './acr.js';
import { distribution } from './distribution.js';
import { dockerHub } from './docker-hub.js';
import { ecr } from './ecr.js';
import { generic } from './generic.js';
import { github } from './github.js';
import { gitlab } from './gitlab.js';
import { harbor } from './harbor.js';
import { quay } from './quay.js';
import type { Sender } from './sender.js';

/** All kinds of senders, by the `type` of a receiver. */
export const SENDERS = {
  ACR: acr,
  Distribution: distribution,
  DockerHub: dockerHub,
  ECR: ecr,
  Generic: generic,
  GitHub: github,
  GitLab: gitlab,
  Harbor: harbor,
  Quay: quay,
} as const satisfies Readonly<Record<string, Sender>>;

/** A kind of sender. */
export type SenderType = keyof typeof SENDERS;
