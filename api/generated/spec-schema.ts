// Generated from manifests/crd/werfbundles.werf.io.yaml by `npm run generate`; not to be edited.

/** The schema of spec as the CRD has it, defaults included. */
export const specSchema = {
  "type": "object",
  "description": "What to deploy, and how.",
  "required": [
    "registry"
  ],
  "properties": {
    "registry": {
      "type": "object",
      "description": "Where the bundle is published, and which of its tags to deploy.",
      "required": [
        "url"
      ],
      "x-kubernetes-validations": [
        {
          "rule": "!has(self.tag) || ((!has(self.versionConstraint) || self.versionConstraint == '') && !has(self.tagPattern) && !has(self.tagOrder))",
          "message": "excludes versionConstraint, tagPattern and tagOrder",
          "fieldPath": ".tag"
        }
      ],
      "properties": {
        "url": {
          "type": "string",
          "description": "The bundle's repository, host[:port]/path, without tag and digest: \"ghcr.io/acme/app\". A leading \"oci://\" is accepted.",
          "maxLength": 261,
          "pattern": "^(oci://)?(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))+(:[0-9]{1,5})?|([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]):[0-9]{1,5}|localhost|\\[[0-9a-fA-F:]+\\](:[0-9]{1,5})?)(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$",
          "x-kubernetes-validations": [
            {
              "rule": "size(self) <= (self.startsWith('oci://') ? 261 : 255)",
              "message": "may have at most 255 characters after \"oci://\""
            }
          ]
        },
        "secretRef": {
          "type": "object",
          "description": "A Secret of type kubernetes.io/dockerconfigjson in the bundle's namespace. Without it, the controller's --default-registry-secret is used, else anonymous access.",
          "required": [
            "name"
          ],
          "properties": {
            "name": {
              "description": "The Secret's name.",
              "type": "string",
              "minLength": 1,
              "maxLength": 253,
              "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
            }
          }
        },
        "pollInterval": {
          "type": "string",
          "description": "How often the registry is asked for new tags, a Go duration from 1m to 24h.",
          "default": "15m",
          "maxLength": 64,
          "pattern": "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$",
          "x-kubernetes-validations": [
            {
              "rule": "duration(self) >= duration('1m') && duration(self) <= duration('24h')",
              "message": "must be a duration from 1m to 24h"
            }
          ]
        },
        "versionConstraint": {
          "type": "string",
          "description": "A range of semantic versions, as Helm and Flux read them: \">=1.2.0 <2.0.0\", \"^1.4\", \"~1.2 || 2.x\". A comma or a space means and. Pre-releases match only if the constraint names one. \"\" means none.",
          "maxLength": 256
        },
        "tagPattern": {
          "type": "string",
          "description": "An RE2 expression; only tags that match are looked at. If it has a group, the text of the first group is what is compared.",
          "minLength": 1,
          "maxLength": 256
        },
        "tagOrder": {
          "type": "string",
          "description": "How tags compare when there is no versionConstraint: as text, byte by byte (when left out), or as numbers.",
          "enum": [
            "Text",
            "Number"
          ]
        },
        "tag": {
          "type": "string",
          "description": "Exactly this tag; when it is published again, it is deployed again.",
          "maxLength": 128,
          "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"
        },
        "insecure": {
          "type": "boolean",
          "description": "Plain HTTP instead of HTTPS.",
          "default": false
        },
        "caSecretRef": {
          "type": "object",
          "description": "A Secret in the bundle's namespace whose key ca.crt holds the registry's CA certificates.",
          "required": [
            "name"
          ],
          "properties": {
            "name": {
              "description": "The Secret's name.",
              "type": "string",
              "minLength": 1,
              "maxLength": 253,
              "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
            }
          }
        }
      }
    },
    "converge": {
      "type": "object",
      "description": "How the bundle is deployed.",
      "default": {},
      "properties": {
        "targetNamespace": {
          "type": "string",
          "description": "The namespace to deploy into; the bundle's own if left out. Fixed once something was deployed.",
          "minLength": 1,
          "maxLength": 63,
          "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
        },
        "releaseName": {
          "type": "string",
          "description": "The Helm release's name; the bundle's name, cut to 53 characters, if left out. Fixed once something was deployed.",
          "minLength": 1,
          "maxLength": 53,
          "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
        },
        "serviceAccountName": {
          "type": "string",
          "description": "The ServiceAccount, in the target namespace, that the deploy Job runs as. Required when the target namespace is not the bundle's own.",
          "minLength": 1,
          "maxLength": 253,
          "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
        },
        "resourceLimits": {
          "type": "object",
          "description": "Limits of the deploy Job's Pod; its requests are the same.",
          "default": {},
          "properties": {
            "cpu": {
              "description": "CPU that the Job's Pod may use and is given, 500m for example.",
              "default": "1",
              "x-kubernetes-int-or-string": true,
              "anyOf": [
                {
                  "type": "integer"
                },
                {
                  "type": "string"
                }
              ],
              "maxLength": 64,
              "x-kubernetes-validations": [
                {
                  "rule": "type(self) == int ? self > 0 : !string(self).matches('[eE][-+]?[0-9]{3}') && isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
                  "message": "must be a positive quantity"
                }
              ]
            },
            "memory": {
              "description": "Memory that the Job's Pod may use and is given, 512Mi for example; a Job that needs more is OOMKilled.",
              "default": "1Gi",
              "x-kubernetes-int-or-string": true,
              "anyOf": [
                {
                  "type": "integer"
                },
                {
                  "type": "string"
                }
              ],
              "maxLength": 64,
              "x-kubernetes-validations": [
                {
                  "rule": "type(self) == int ? self > 0 : !string(self).matches('[eE][-+]?[0-9]{3}') && isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
                  "message": "must be a positive quantity"
                }
              ]
            }
          }
        },
        "logRetentionDays": {
          "type": "integer",
          "description": "Days until a finished Job and its log are deleted.",
          "default": 7,
          "minimum": 1,
          "maximum": 365
        },
        "timeout": {
          "type": "string",
          "description": "How long one deploy may take, a Go duration from 1m to 24h.",
          "default": "30m",
          "maxLength": 64,
          "pattern": "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$",
          "x-kubernetes-validations": [
            {
              "rule": "duration(self) >= duration('1m') && duration(self) <= duration('24h')",
              "message": "must be a duration from 1m to 24h"
            }
          ]
        },
        "retries": {
          "type": "integer",
          "description": "How often a failed Job is tried again, after 30s, 1m, 2m, 4m, 8m and so on.",
          "default": 0,
          "minimum": 0,
          "maximum": 10
        },
        "image": {
          "type": "string",
          "description": "The image with werf in it; the controller's --werf-image if left out.",
          "minLength": 1,
          "maxLength": 512,
          "pattern": "^[!-~]+$"
        },
        "environment": {
          "type": "string",
          "description": "The environment that the chart is told, werf's --env.",
          "minLength": 1,
          "maxLength": 63,
          "pattern": "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
        },
        "werfSecretKeyRef": {
          "type": "object",
          "description": "A Secret in the bundle's namespace with WERF_SECRET_KEY, for encrypted values.",
          "required": [
            "name"
          ],
          "properties": {
            "name": {
              "description": "The Secret's name.",
              "type": "string",
              "minLength": 1,
              "maxLength": 253,
              "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
            },
            "key": {
              "type": "string",
              "description": "The key of the Secret that holds it.",
              "default": "key",
              "minLength": 1,
              "maxLength": 253,
              "pattern": "^[-._a-zA-Z0-9]+$"
            }
          }
        },
        "rollbackOnFailure": {
          "type": "boolean",
          "description": "Whether a deploy that fails is rolled back to the release before, werf's --auto-rollback.",
          "default": false
        },
        "plan": {
          "type": "string",
          "description": "Whether a plan of what a deployment would change is made and told in status.plan before it begins: Never, or Show. Needs werf 2.53 or later.",
          "default": "Never",
          "enum": [
            "Never",
            "Show"
          ]
        },
        "onFailure": {
          "type": "string",
          "description": "What follows a deploy that failed for good: nothing (Stay), or one of what was deployed last with success (Return); then what failed is held until the registry offers another digest, or somebody lets it go.",
          "default": "Stay",
          "enum": [
            "Stay",
            "Return"
          ]
        },
        "deletions": {
          "type": "string",
          "description": "Hold plans each deployment, whatever plan says, and keeps one that would delete or recreate volumes, StatefulSets, Namespaces or CustomResourceDefinitions waiting until somebody has approved that plan.",
          "default": "Allow",
          "enum": [
            "Allow",
            "Hold"
          ]
        },
        "valuesFrom": {
          "type": "array",
          "description": "ConfigMaps and Secrets with values, merged in order: later ones win. Looked for in the bundle's namespace first, then in the target namespace, unless an item says otherwise (from).",
          "maxItems": 64,
          "x-kubernetes-list-type": "atomic",
          "items": {
            "type": "object",
            "description": "One source of values, a ConfigMap or a Secret.",
            "x-kubernetes-validations": [
              {
                "rule": "has(self.configMapRef) != has(self.secretRef)",
                "message": "exactly one of configMapRef and secretRef is needed"
              }
            ],
            "properties": {
              "configMapRef": {
                "type": "object",
                "description": "A ConfigMap with values; keys that end in .yaml, .yml or .json hold YAML, others the text of one value.",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "description": "The ConfigMap's name.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 253,
                    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
                  }
                }
              },
              "secretRef": {
                "type": "object",
                "description": "A Secret with values; keys that end in .yaml, .yml or .json hold YAML, others the text of one value.",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "description": "The Secret's name.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 253,
                    "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
                  }
                }
              },
              "key": {
                "type": "string",
                "description": "Only this key of it; all of its keys if left out.",
                "minLength": 1,
                "maxLength": 253,
                "pattern": "^[-._a-zA-Z0-9]+$"
              },
              "optional": {
                "type": "boolean",
                "description": "Skipped, if it does not exist. False if left out."
              },
              "from": {
                "type": "string",
                "description": "Where it is looked for: in the bundle's namespace (Bundle), in the target namespace (Target), or in the bundle's first and then in the target (Either). Either if left out.",
                "enum": [
                  "Bundle",
                  "Target",
                  "Either"
                ]
              }
            }
          }
        },
        "values": {
          "type": "object",
          "description": "Values written here; merged last, so they win.",
          "x-kubernetes-preserve-unknown-fields": true
        },
        "driftDetection": {
          "type": "object",
          "description": "Looks at intervals whether the cluster still is as the bundle says.",
          "default": {},
          "properties": {
            "enabled": {
              "type": "boolean",
              "description": "Whether it looks for drift at all.",
              "default": false
            },
            "interval": {
              "type": "string",
              "description": "How long from one check to the next, a Go duration from 1m to 24h.",
              "default": "15m",
              "maxLength": 64,
              "pattern": "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$",
              "x-kubernetes-validations": [
                {
                  "rule": "duration(self) >= duration('1m') && duration(self) <= duration('24h')",
                  "message": "must be a duration from 1m to 24h"
                }
              ]
            },
            "correct": {
              "type": "boolean",
              "description": "Deploys the same again when it has drifted.",
              "default": true
            },
            "maxRetries": {
              "type": "integer",
              "description": "How many corrections in a row, before it is left to a person.",
              "default": 3,
              "minimum": 1,
              "maximum": 2147483647
            }
          }
        }
      }
    },
    "deletionPolicy": {
      "type": "string",
      "description": "What becomes of the release when the bundle is deleted: Orphan leaves it, Dismiss uninstalls it first.",
      "default": "Orphan",
      "enum": [
        "Orphan",
        "Dismiss"
      ]
    },
    "suspend": {
      "type": "boolean",
      "description": "While true, nothing is polled and nothing is deployed.",
      "default": false
    }
  }
} as const;
