// Generated from manifests/crd/werfbundles.werf.io.yaml by `npm run generate`; not to be edited.
var __getOwnPropNames = Object.getOwnPropertyNames;
var __commonJS = (cb, mod) => function __require() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};

// node_modules/ajv/dist/runtime/ucs2length.js
var require_ucs2length = __commonJS({
  "node_modules/ajv/dist/runtime/ucs2length.js"(exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    function ucs2length(str) {
      const len = str.length;
      let length = 0;
      let pos = 0;
      let value;
      while (pos < len) {
        length++;
        value = str.charCodeAt(pos++);
        if (value >= 55296 && value <= 56319 && pos < len) {
          value = str.charCodeAt(pos);
          if ((value & 64512) === 56320)
            pos++;
        }
      }
      return length;
    }
    exports.default = ucs2length;
    ucs2length.code = 'require("ajv/dist/runtime/ucs2length").default';
  }
});

// <stdin>
var validate = validate10;
var stdin_default = validate10;
var schema11 = { "type": "object", "required": ["registry"], "properties": { "registry": { "type": "object", "required": ["url"], "properties": { "url": { "type": "string", "maxLength": 261, "pattern": "^(oci://)?(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))+(:[0-9]{1,5})?|([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]):[0-9]{1,5}|localhost|\\[[0-9a-fA-F:]+\\](:[0-9]{1,5})?)(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$" }, "secretRef": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" } } }, "pollInterval": { "type": "string", "maxLength": 64, "pattern": "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$" }, "versionConstraint": { "type": "string", "maxLength": 256 }, "tagPattern": { "type": "string", "minLength": 1, "maxLength": 256 }, "tagOrder": { "type": "string", "enum": ["Text", "Number"] }, "tag": { "type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$" }, "insecure": { "type": "boolean" }, "caSecretRef": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" } } } } }, "converge": { "type": "object", "properties": { "targetNamespace": { "type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" }, "releaseName": { "type": "string", "minLength": 1, "maxLength": 53, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, "serviceAccountName": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, "resourceLimits": { "type": "object", "properties": { "cpu": { "anyOf": [{ "type": "integer" }, { "type": "string", "maxLength": 64 }] }, "memory": { "anyOf": [{ "type": "integer" }, { "type": "string", "maxLength": 64 }] } } }, "logRetentionDays": { "type": "integer", "minimum": 1, "maximum": 365 }, "timeout": { "type": "string", "maxLength": 64, "pattern": "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$" }, "retries": { "type": "integer", "minimum": 0, "maximum": 10 }, "image": { "type": "string", "minLength": 1, "maxLength": 512, "pattern": "^[!-~]+$" }, "environment": { "type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$" }, "werfSecretKeyRef": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, "key": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[-._a-zA-Z0-9]+$" } } }, "rollbackOnFailure": { "type": "boolean" }, "plan": { "type": "string", "enum": ["Never", "Show"] }, "onFailure": { "type": "string", "enum": ["Stay", "Return"] }, "deletions": { "type": "string", "enum": ["Allow", "Hold"] }, "valuesFrom": { "type": "array", "maxItems": 64, "items": { "type": "object", "properties": { "configMapRef": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" } } }, "secretRef": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" } } }, "key": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[-._a-zA-Z0-9]+$" }, "optional": { "type": "boolean" }, "from": { "type": "string", "enum": ["Bundle", "Target", "Either"] } } } }, "values": { "type": "object" }, "driftDetection": { "type": "object", "properties": { "enabled": { "type": "boolean" }, "interval": { "type": "string", "maxLength": 64, "pattern": "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$" }, "correct": { "type": "boolean" }, "maxRetries": { "type": "integer", "minimum": 1, "maximum": 2147483647 } } } } }, "deletionPolicy": { "type": "string", "enum": ["Orphan", "Dismiss"] }, "suspend": { "type": "boolean" } } };
var func2 = require_ucs2length().default;
var pattern0 = new RegExp("^(oci://)?(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))+(:[0-9]{1,5})?|([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]):[0-9]{1,5}|localhost|\\[[0-9a-fA-F:]+\\](:[0-9]{1,5})?)(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$", "u");
var pattern1 = new RegExp("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "u");
var pattern2 = new RegExp("^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$", "u");
var pattern3 = new RegExp("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", "u");
var pattern5 = new RegExp("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "u");
var pattern9 = new RegExp("^[!-~]+$", "u");
var pattern10 = new RegExp("^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", "u");
var pattern12 = new RegExp("^[-._a-zA-Z0-9]+$", "u");
function validate10(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    if (data.registry === void 0) {
      const err0 = { instancePath, schemaPath: "#/required", keyword: "required", params: { missingProperty: "registry" }, message: "must have required property 'registry'", schema: schema11.required, parentSchema: schema11, data };
      if (vErrors === null) {
        vErrors = [err0];
      } else {
        vErrors.push(err0);
      }
      errors++;
    }
    if (data.registry !== void 0) {
      let data0 = data.registry;
      if (data0 && typeof data0 == "object" && !Array.isArray(data0)) {
        if (data0.url === void 0) {
          const err1 = { instancePath: instancePath + "/registry", schemaPath: "#/properties/registry/required", keyword: "required", params: { missingProperty: "url" }, message: "must have required property 'url'", schema: schema11.properties.registry.required, parentSchema: schema11.properties.registry, data: data0 };
          if (vErrors === null) {
            vErrors = [err1];
          } else {
            vErrors.push(err1);
          }
          errors++;
        }
        if (data0.url !== void 0) {
          let data1 = data0.url;
          if (typeof data1 === "string") {
            if (func2(data1) > 261) {
              const err2 = { instancePath: instancePath + "/registry/url", schemaPath: "#/properties/registry/properties/url/maxLength", keyword: "maxLength", params: { limit: 261 }, message: "must NOT have more than 261 characters", schema: 261, parentSchema: schema11.properties.registry.properties.url, data: data1 };
              if (vErrors === null) {
                vErrors = [err2];
              } else {
                vErrors.push(err2);
              }
              errors++;
            }
            if (!pattern0.test(data1)) {
              const err3 = { instancePath: instancePath + "/registry/url", schemaPath: "#/properties/registry/properties/url/pattern", keyword: "pattern", params: { pattern: "^(oci://)?(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))+(:[0-9]{1,5})?|([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]):[0-9]{1,5}|localhost|\\[[0-9a-fA-F:]+\\](:[0-9]{1,5})?)(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$" }, message: 'must match pattern "^(oci://)?(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))+(:[0-9]{1,5})?|([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]):[0-9]{1,5}|localhost|\\[[0-9a-fA-F:]+\\](:[0-9]{1,5})?)(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$"', schema: "^(oci://)?(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))+(:[0-9]{1,5})?|([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]):[0-9]{1,5}|localhost|\\[[0-9a-fA-F:]+\\](:[0-9]{1,5})?)(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$", parentSchema: schema11.properties.registry.properties.url, data: data1 };
              if (vErrors === null) {
                vErrors = [err3];
              } else {
                vErrors.push(err3);
              }
              errors++;
            }
          } else {
            const err4 = { instancePath: instancePath + "/registry/url", schemaPath: "#/properties/registry/properties/url/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.url.type, parentSchema: schema11.properties.registry.properties.url, data: data1 };
            if (vErrors === null) {
              vErrors = [err4];
            } else {
              vErrors.push(err4);
            }
            errors++;
          }
        }
        if (data0.secretRef !== void 0) {
          let data2 = data0.secretRef;
          if (data2 && typeof data2 == "object" && !Array.isArray(data2)) {
            if (data2.name === void 0) {
              const err5 = { instancePath: instancePath + "/registry/secretRef", schemaPath: "#/properties/registry/properties/secretRef/required", keyword: "required", params: { missingProperty: "name" }, message: "must have required property 'name'", schema: schema11.properties.registry.properties.secretRef.required, parentSchema: schema11.properties.registry.properties.secretRef, data: data2 };
              if (vErrors === null) {
                vErrors = [err5];
              } else {
                vErrors.push(err5);
              }
              errors++;
            }
            if (data2.name !== void 0) {
              let data3 = data2.name;
              if (typeof data3 === "string") {
                if (func2(data3) > 253) {
                  const err6 = { instancePath: instancePath + "/registry/secretRef/name", schemaPath: "#/properties/registry/properties/secretRef/properties/name/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.registry.properties.secretRef.properties.name, data: data3 };
                  if (vErrors === null) {
                    vErrors = [err6];
                  } else {
                    vErrors.push(err6);
                  }
                  errors++;
                }
                if (func2(data3) < 1) {
                  const err7 = { instancePath: instancePath + "/registry/secretRef/name", schemaPath: "#/properties/registry/properties/secretRef/properties/name/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.registry.properties.secretRef.properties.name, data: data3 };
                  if (vErrors === null) {
                    vErrors = [err7];
                  } else {
                    vErrors.push(err7);
                  }
                  errors++;
                }
                if (!pattern1.test(data3)) {
                  const err8 = { instancePath: instancePath + "/registry/secretRef/name", schemaPath: "#/properties/registry/properties/secretRef/properties/name/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", parentSchema: schema11.properties.registry.properties.secretRef.properties.name, data: data3 };
                  if (vErrors === null) {
                    vErrors = [err8];
                  } else {
                    vErrors.push(err8);
                  }
                  errors++;
                }
              } else {
                const err9 = { instancePath: instancePath + "/registry/secretRef/name", schemaPath: "#/properties/registry/properties/secretRef/properties/name/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.secretRef.properties.name.type, parentSchema: schema11.properties.registry.properties.secretRef.properties.name, data: data3 };
                if (vErrors === null) {
                  vErrors = [err9];
                } else {
                  vErrors.push(err9);
                }
                errors++;
              }
            }
          } else {
            const err10 = { instancePath: instancePath + "/registry/secretRef", schemaPath: "#/properties/registry/properties/secretRef/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.registry.properties.secretRef.type, parentSchema: schema11.properties.registry.properties.secretRef, data: data2 };
            if (vErrors === null) {
              vErrors = [err10];
            } else {
              vErrors.push(err10);
            }
            errors++;
          }
        }
        if (data0.pollInterval !== void 0) {
          let data4 = data0.pollInterval;
          if (typeof data4 === "string") {
            if (func2(data4) > 64) {
              const err11 = { instancePath: instancePath + "/registry/pollInterval", schemaPath: "#/properties/registry/properties/pollInterval/maxLength", keyword: "maxLength", params: { limit: 64 }, message: "must NOT have more than 64 characters", schema: 64, parentSchema: schema11.properties.registry.properties.pollInterval, data: data4 };
              if (vErrors === null) {
                vErrors = [err11];
              } else {
                vErrors.push(err11);
              }
              errors++;
            }
            if (!pattern2.test(data4)) {
              const err12 = { instancePath: instancePath + "/registry/pollInterval", schemaPath: "#/properties/registry/properties/pollInterval/pattern", keyword: "pattern", params: { pattern: "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$" }, message: 'must match pattern "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$"', schema: "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$", parentSchema: schema11.properties.registry.properties.pollInterval, data: data4 };
              if (vErrors === null) {
                vErrors = [err12];
              } else {
                vErrors.push(err12);
              }
              errors++;
            }
          } else {
            const err13 = { instancePath: instancePath + "/registry/pollInterval", schemaPath: "#/properties/registry/properties/pollInterval/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.pollInterval.type, parentSchema: schema11.properties.registry.properties.pollInterval, data: data4 };
            if (vErrors === null) {
              vErrors = [err13];
            } else {
              vErrors.push(err13);
            }
            errors++;
          }
        }
        if (data0.versionConstraint !== void 0) {
          let data5 = data0.versionConstraint;
          if (typeof data5 === "string") {
            if (func2(data5) > 256) {
              const err14 = { instancePath: instancePath + "/registry/versionConstraint", schemaPath: "#/properties/registry/properties/versionConstraint/maxLength", keyword: "maxLength", params: { limit: 256 }, message: "must NOT have more than 256 characters", schema: 256, parentSchema: schema11.properties.registry.properties.versionConstraint, data: data5 };
              if (vErrors === null) {
                vErrors = [err14];
              } else {
                vErrors.push(err14);
              }
              errors++;
            }
          } else {
            const err15 = { instancePath: instancePath + "/registry/versionConstraint", schemaPath: "#/properties/registry/properties/versionConstraint/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.versionConstraint.type, parentSchema: schema11.properties.registry.properties.versionConstraint, data: data5 };
            if (vErrors === null) {
              vErrors = [err15];
            } else {
              vErrors.push(err15);
            }
            errors++;
          }
        }
        if (data0.tagPattern !== void 0) {
          let data6 = data0.tagPattern;
          if (typeof data6 === "string") {
            if (func2(data6) > 256) {
              const err16 = { instancePath: instancePath + "/registry/tagPattern", schemaPath: "#/properties/registry/properties/tagPattern/maxLength", keyword: "maxLength", params: { limit: 256 }, message: "must NOT have more than 256 characters", schema: 256, parentSchema: schema11.properties.registry.properties.tagPattern, data: data6 };
              if (vErrors === null) {
                vErrors = [err16];
              } else {
                vErrors.push(err16);
              }
              errors++;
            }
            if (func2(data6) < 1) {
              const err17 = { instancePath: instancePath + "/registry/tagPattern", schemaPath: "#/properties/registry/properties/tagPattern/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.registry.properties.tagPattern, data: data6 };
              if (vErrors === null) {
                vErrors = [err17];
              } else {
                vErrors.push(err17);
              }
              errors++;
            }
          } else {
            const err18 = { instancePath: instancePath + "/registry/tagPattern", schemaPath: "#/properties/registry/properties/tagPattern/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.tagPattern.type, parentSchema: schema11.properties.registry.properties.tagPattern, data: data6 };
            if (vErrors === null) {
              vErrors = [err18];
            } else {
              vErrors.push(err18);
            }
            errors++;
          }
        }
        if (data0.tagOrder !== void 0) {
          let data7 = data0.tagOrder;
          if (typeof data7 !== "string") {
            const err19 = { instancePath: instancePath + "/registry/tagOrder", schemaPath: "#/properties/registry/properties/tagOrder/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.tagOrder.type, parentSchema: schema11.properties.registry.properties.tagOrder, data: data7 };
            if (vErrors === null) {
              vErrors = [err19];
            } else {
              vErrors.push(err19);
            }
            errors++;
          }
          if (!(data7 === "Text" || data7 === "Number")) {
            const err20 = { instancePath: instancePath + "/registry/tagOrder", schemaPath: "#/properties/registry/properties/tagOrder/enum", keyword: "enum", params: { allowedValues: schema11.properties.registry.properties.tagOrder.enum }, message: "must be equal to one of the allowed values", schema: schema11.properties.registry.properties.tagOrder.enum, parentSchema: schema11.properties.registry.properties.tagOrder, data: data7 };
            if (vErrors === null) {
              vErrors = [err20];
            } else {
              vErrors.push(err20);
            }
            errors++;
          }
        }
        if (data0.tag !== void 0) {
          let data8 = data0.tag;
          if (typeof data8 === "string") {
            if (func2(data8) > 128) {
              const err21 = { instancePath: instancePath + "/registry/tag", schemaPath: "#/properties/registry/properties/tag/maxLength", keyword: "maxLength", params: { limit: 128 }, message: "must NOT have more than 128 characters", schema: 128, parentSchema: schema11.properties.registry.properties.tag, data: data8 };
              if (vErrors === null) {
                vErrors = [err21];
              } else {
                vErrors.push(err21);
              }
              errors++;
            }
            if (!pattern3.test(data8)) {
              const err22 = { instancePath: instancePath + "/registry/tag", schemaPath: "#/properties/registry/properties/tag/pattern", keyword: "pattern", params: { pattern: "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$" }, message: 'must match pattern "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"', schema: "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", parentSchema: schema11.properties.registry.properties.tag, data: data8 };
              if (vErrors === null) {
                vErrors = [err22];
              } else {
                vErrors.push(err22);
              }
              errors++;
            }
          } else {
            const err23 = { instancePath: instancePath + "/registry/tag", schemaPath: "#/properties/registry/properties/tag/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.tag.type, parentSchema: schema11.properties.registry.properties.tag, data: data8 };
            if (vErrors === null) {
              vErrors = [err23];
            } else {
              vErrors.push(err23);
            }
            errors++;
          }
        }
        if (data0.insecure !== void 0) {
          let data9 = data0.insecure;
          if (typeof data9 !== "boolean") {
            const err24 = { instancePath: instancePath + "/registry/insecure", schemaPath: "#/properties/registry/properties/insecure/type", keyword: "type", params: { type: "boolean" }, message: "must be boolean", schema: schema11.properties.registry.properties.insecure.type, parentSchema: schema11.properties.registry.properties.insecure, data: data9 };
            if (vErrors === null) {
              vErrors = [err24];
            } else {
              vErrors.push(err24);
            }
            errors++;
          }
        }
        if (data0.caSecretRef !== void 0) {
          let data10 = data0.caSecretRef;
          if (data10 && typeof data10 == "object" && !Array.isArray(data10)) {
            if (data10.name === void 0) {
              const err25 = { instancePath: instancePath + "/registry/caSecretRef", schemaPath: "#/properties/registry/properties/caSecretRef/required", keyword: "required", params: { missingProperty: "name" }, message: "must have required property 'name'", schema: schema11.properties.registry.properties.caSecretRef.required, parentSchema: schema11.properties.registry.properties.caSecretRef, data: data10 };
              if (vErrors === null) {
                vErrors = [err25];
              } else {
                vErrors.push(err25);
              }
              errors++;
            }
            if (data10.name !== void 0) {
              let data11 = data10.name;
              if (typeof data11 === "string") {
                if (func2(data11) > 253) {
                  const err26 = { instancePath: instancePath + "/registry/caSecretRef/name", schemaPath: "#/properties/registry/properties/caSecretRef/properties/name/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.registry.properties.caSecretRef.properties.name, data: data11 };
                  if (vErrors === null) {
                    vErrors = [err26];
                  } else {
                    vErrors.push(err26);
                  }
                  errors++;
                }
                if (func2(data11) < 1) {
                  const err27 = { instancePath: instancePath + "/registry/caSecretRef/name", schemaPath: "#/properties/registry/properties/caSecretRef/properties/name/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.registry.properties.caSecretRef.properties.name, data: data11 };
                  if (vErrors === null) {
                    vErrors = [err27];
                  } else {
                    vErrors.push(err27);
                  }
                  errors++;
                }
                if (!pattern1.test(data11)) {
                  const err28 = { instancePath: instancePath + "/registry/caSecretRef/name", schemaPath: "#/properties/registry/properties/caSecretRef/properties/name/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", parentSchema: schema11.properties.registry.properties.caSecretRef.properties.name, data: data11 };
                  if (vErrors === null) {
                    vErrors = [err28];
                  } else {
                    vErrors.push(err28);
                  }
                  errors++;
                }
              } else {
                const err29 = { instancePath: instancePath + "/registry/caSecretRef/name", schemaPath: "#/properties/registry/properties/caSecretRef/properties/name/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.registry.properties.caSecretRef.properties.name.type, parentSchema: schema11.properties.registry.properties.caSecretRef.properties.name, data: data11 };
                if (vErrors === null) {
                  vErrors = [err29];
                } else {
                  vErrors.push(err29);
                }
                errors++;
              }
            }
          } else {
            const err30 = { instancePath: instancePath + "/registry/caSecretRef", schemaPath: "#/properties/registry/properties/caSecretRef/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.registry.properties.caSecretRef.type, parentSchema: schema11.properties.registry.properties.caSecretRef, data: data10 };
            if (vErrors === null) {
              vErrors = [err30];
            } else {
              vErrors.push(err30);
            }
            errors++;
          }
        }
      } else {
        const err31 = { instancePath: instancePath + "/registry", schemaPath: "#/properties/registry/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.registry.type, parentSchema: schema11.properties.registry, data: data0 };
        if (vErrors === null) {
          vErrors = [err31];
        } else {
          vErrors.push(err31);
        }
        errors++;
      }
    }
    if (data.converge !== void 0) {
      let data12 = data.converge;
      if (data12 && typeof data12 == "object" && !Array.isArray(data12)) {
        if (data12.targetNamespace !== void 0) {
          let data13 = data12.targetNamespace;
          if (typeof data13 === "string") {
            if (func2(data13) > 63) {
              const err32 = { instancePath: instancePath + "/converge/targetNamespace", schemaPath: "#/properties/converge/properties/targetNamespace/maxLength", keyword: "maxLength", params: { limit: 63 }, message: "must NOT have more than 63 characters", schema: 63, parentSchema: schema11.properties.converge.properties.targetNamespace, data: data13 };
              if (vErrors === null) {
                vErrors = [err32];
              } else {
                vErrors.push(err32);
              }
              errors++;
            }
            if (func2(data13) < 1) {
              const err33 = { instancePath: instancePath + "/converge/targetNamespace", schemaPath: "#/properties/converge/properties/targetNamespace/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.targetNamespace, data: data13 };
              if (vErrors === null) {
                vErrors = [err33];
              } else {
                vErrors.push(err33);
              }
              errors++;
            }
            if (!pattern5.test(data13)) {
              const err34 = { instancePath: instancePath + "/converge/targetNamespace", schemaPath: "#/properties/converge/properties/targetNamespace/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", parentSchema: schema11.properties.converge.properties.targetNamespace, data: data13 };
              if (vErrors === null) {
                vErrors = [err34];
              } else {
                vErrors.push(err34);
              }
              errors++;
            }
          } else {
            const err35 = { instancePath: instancePath + "/converge/targetNamespace", schemaPath: "#/properties/converge/properties/targetNamespace/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.targetNamespace.type, parentSchema: schema11.properties.converge.properties.targetNamespace, data: data13 };
            if (vErrors === null) {
              vErrors = [err35];
            } else {
              vErrors.push(err35);
            }
            errors++;
          }
        }
        if (data12.releaseName !== void 0) {
          let data14 = data12.releaseName;
          if (typeof data14 === "string") {
            if (func2(data14) > 53) {
              const err36 = { instancePath: instancePath + "/converge/releaseName", schemaPath: "#/properties/converge/properties/releaseName/maxLength", keyword: "maxLength", params: { limit: 53 }, message: "must NOT have more than 53 characters", schema: 53, parentSchema: schema11.properties.converge.properties.releaseName, data: data14 };
              if (vErrors === null) {
                vErrors = [err36];
              } else {
                vErrors.push(err36);
              }
              errors++;
            }
            if (func2(data14) < 1) {
              const err37 = { instancePath: instancePath + "/converge/releaseName", schemaPath: "#/properties/converge/properties/releaseName/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.releaseName, data: data14 };
              if (vErrors === null) {
                vErrors = [err37];
              } else {
                vErrors.push(err37);
              }
              errors++;
            }
            if (!pattern1.test(data14)) {
              const err38 = { instancePath: instancePath + "/converge/releaseName", schemaPath: "#/properties/converge/properties/releaseName/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", parentSchema: schema11.properties.converge.properties.releaseName, data: data14 };
              if (vErrors === null) {
                vErrors = [err38];
              } else {
                vErrors.push(err38);
              }
              errors++;
            }
          } else {
            const err39 = { instancePath: instancePath + "/converge/releaseName", schemaPath: "#/properties/converge/properties/releaseName/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.releaseName.type, parentSchema: schema11.properties.converge.properties.releaseName, data: data14 };
            if (vErrors === null) {
              vErrors = [err39];
            } else {
              vErrors.push(err39);
            }
            errors++;
          }
        }
        if (data12.serviceAccountName !== void 0) {
          let data15 = data12.serviceAccountName;
          if (typeof data15 === "string") {
            if (func2(data15) > 253) {
              const err40 = { instancePath: instancePath + "/converge/serviceAccountName", schemaPath: "#/properties/converge/properties/serviceAccountName/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.converge.properties.serviceAccountName, data: data15 };
              if (vErrors === null) {
                vErrors = [err40];
              } else {
                vErrors.push(err40);
              }
              errors++;
            }
            if (func2(data15) < 1) {
              const err41 = { instancePath: instancePath + "/converge/serviceAccountName", schemaPath: "#/properties/converge/properties/serviceAccountName/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.serviceAccountName, data: data15 };
              if (vErrors === null) {
                vErrors = [err41];
              } else {
                vErrors.push(err41);
              }
              errors++;
            }
            if (!pattern1.test(data15)) {
              const err42 = { instancePath: instancePath + "/converge/serviceAccountName", schemaPath: "#/properties/converge/properties/serviceAccountName/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", parentSchema: schema11.properties.converge.properties.serviceAccountName, data: data15 };
              if (vErrors === null) {
                vErrors = [err42];
              } else {
                vErrors.push(err42);
              }
              errors++;
            }
          } else {
            const err43 = { instancePath: instancePath + "/converge/serviceAccountName", schemaPath: "#/properties/converge/properties/serviceAccountName/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.serviceAccountName.type, parentSchema: schema11.properties.converge.properties.serviceAccountName, data: data15 };
            if (vErrors === null) {
              vErrors = [err43];
            } else {
              vErrors.push(err43);
            }
            errors++;
          }
        }
        if (data12.resourceLimits !== void 0) {
          let data16 = data12.resourceLimits;
          if (data16 && typeof data16 == "object" && !Array.isArray(data16)) {
            if (data16.cpu !== void 0) {
              let data17 = data16.cpu;
              const _errs36 = errors;
              let valid6 = false;
              const _errs37 = errors;
              if (!(typeof data17 == "number" && (!(data17 % 1) && !isNaN(data17)) && isFinite(data17))) {
                const err44 = { instancePath: instancePath + "/converge/resourceLimits/cpu", schemaPath: "#/properties/converge/properties/resourceLimits/properties/cpu/anyOf/0/type", keyword: "type", params: { type: "integer" }, message: "must be integer", schema: schema11.properties.converge.properties.resourceLimits.properties.cpu.anyOf[0].type, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.cpu.anyOf[0], data: data17 };
                if (vErrors === null) {
                  vErrors = [err44];
                } else {
                  vErrors.push(err44);
                }
                errors++;
              }
              var _valid0 = _errs37 === errors;
              valid6 = valid6 || _valid0;
              if (!valid6) {
                const _errs39 = errors;
                if (typeof data17 === "string") {
                  if (func2(data17) > 64) {
                    const err45 = { instancePath: instancePath + "/converge/resourceLimits/cpu", schemaPath: "#/properties/converge/properties/resourceLimits/properties/cpu/anyOf/1/maxLength", keyword: "maxLength", params: { limit: 64 }, message: "must NOT have more than 64 characters", schema: 64, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.cpu.anyOf[1], data: data17 };
                    if (vErrors === null) {
                      vErrors = [err45];
                    } else {
                      vErrors.push(err45);
                    }
                    errors++;
                  }
                } else {
                  const err46 = { instancePath: instancePath + "/converge/resourceLimits/cpu", schemaPath: "#/properties/converge/properties/resourceLimits/properties/cpu/anyOf/1/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.resourceLimits.properties.cpu.anyOf[1].type, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.cpu.anyOf[1], data: data17 };
                  if (vErrors === null) {
                    vErrors = [err46];
                  } else {
                    vErrors.push(err46);
                  }
                  errors++;
                }
                var _valid0 = _errs39 === errors;
                valid6 = valid6 || _valid0;
              }
              if (!valid6) {
                const err47 = { instancePath: instancePath + "/converge/resourceLimits/cpu", schemaPath: "#/properties/converge/properties/resourceLimits/properties/cpu/anyOf", keyword: "anyOf", params: {}, message: "must match a schema in anyOf", schema: schema11.properties.converge.properties.resourceLimits.properties.cpu.anyOf, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.cpu, data: data17 };
                if (vErrors === null) {
                  vErrors = [err47];
                } else {
                  vErrors.push(err47);
                }
                errors++;
              } else {
                errors = _errs36;
                if (vErrors !== null) {
                  if (_errs36) {
                    vErrors.length = _errs36;
                  } else {
                    vErrors = null;
                  }
                }
              }
            }
            if (data16.memory !== void 0) {
              let data18 = data16.memory;
              const _errs42 = errors;
              let valid7 = false;
              const _errs43 = errors;
              if (!(typeof data18 == "number" && (!(data18 % 1) && !isNaN(data18)) && isFinite(data18))) {
                const err48 = { instancePath: instancePath + "/converge/resourceLimits/memory", schemaPath: "#/properties/converge/properties/resourceLimits/properties/memory/anyOf/0/type", keyword: "type", params: { type: "integer" }, message: "must be integer", schema: schema11.properties.converge.properties.resourceLimits.properties.memory.anyOf[0].type, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.memory.anyOf[0], data: data18 };
                if (vErrors === null) {
                  vErrors = [err48];
                } else {
                  vErrors.push(err48);
                }
                errors++;
              }
              var _valid1 = _errs43 === errors;
              valid7 = valid7 || _valid1;
              if (!valid7) {
                const _errs45 = errors;
                if (typeof data18 === "string") {
                  if (func2(data18) > 64) {
                    const err49 = { instancePath: instancePath + "/converge/resourceLimits/memory", schemaPath: "#/properties/converge/properties/resourceLimits/properties/memory/anyOf/1/maxLength", keyword: "maxLength", params: { limit: 64 }, message: "must NOT have more than 64 characters", schema: 64, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.memory.anyOf[1], data: data18 };
                    if (vErrors === null) {
                      vErrors = [err49];
                    } else {
                      vErrors.push(err49);
                    }
                    errors++;
                  }
                } else {
                  const err50 = { instancePath: instancePath + "/converge/resourceLimits/memory", schemaPath: "#/properties/converge/properties/resourceLimits/properties/memory/anyOf/1/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.resourceLimits.properties.memory.anyOf[1].type, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.memory.anyOf[1], data: data18 };
                  if (vErrors === null) {
                    vErrors = [err50];
                  } else {
                    vErrors.push(err50);
                  }
                  errors++;
                }
                var _valid1 = _errs45 === errors;
                valid7 = valid7 || _valid1;
              }
              if (!valid7) {
                const err51 = { instancePath: instancePath + "/converge/resourceLimits/memory", schemaPath: "#/properties/converge/properties/resourceLimits/properties/memory/anyOf", keyword: "anyOf", params: {}, message: "must match a schema in anyOf", schema: schema11.properties.converge.properties.resourceLimits.properties.memory.anyOf, parentSchema: schema11.properties.converge.properties.resourceLimits.properties.memory, data: data18 };
                if (vErrors === null) {
                  vErrors = [err51];
                } else {
                  vErrors.push(err51);
                }
                errors++;
              } else {
                errors = _errs42;
                if (vErrors !== null) {
                  if (_errs42) {
                    vErrors.length = _errs42;
                  } else {
                    vErrors = null;
                  }
                }
              }
            }
          } else {
            const err52 = { instancePath: instancePath + "/converge/resourceLimits", schemaPath: "#/properties/converge/properties/resourceLimits/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.properties.resourceLimits.type, parentSchema: schema11.properties.converge.properties.resourceLimits, data: data16 };
            if (vErrors === null) {
              vErrors = [err52];
            } else {
              vErrors.push(err52);
            }
            errors++;
          }
        }
        if (data12.logRetentionDays !== void 0) {
          let data19 = data12.logRetentionDays;
          if (!(typeof data19 == "number" && (!(data19 % 1) && !isNaN(data19)) && isFinite(data19))) {
            const err53 = { instancePath: instancePath + "/converge/logRetentionDays", schemaPath: "#/properties/converge/properties/logRetentionDays/type", keyword: "type", params: { type: "integer" }, message: "must be integer", schema: schema11.properties.converge.properties.logRetentionDays.type, parentSchema: schema11.properties.converge.properties.logRetentionDays, data: data19 };
            if (vErrors === null) {
              vErrors = [err53];
            } else {
              vErrors.push(err53);
            }
            errors++;
          }
          if (typeof data19 == "number" && isFinite(data19)) {
            if (data19 > 365 || isNaN(data19)) {
              const err54 = { instancePath: instancePath + "/converge/logRetentionDays", schemaPath: "#/properties/converge/properties/logRetentionDays/maximum", keyword: "maximum", params: { comparison: "<=", limit: 365 }, message: "must be <= 365", schema: 365, parentSchema: schema11.properties.converge.properties.logRetentionDays, data: data19 };
              if (vErrors === null) {
                vErrors = [err54];
              } else {
                vErrors.push(err54);
              }
              errors++;
            }
            if (data19 < 1 || isNaN(data19)) {
              const err55 = { instancePath: instancePath + "/converge/logRetentionDays", schemaPath: "#/properties/converge/properties/logRetentionDays/minimum", keyword: "minimum", params: { comparison: ">=", limit: 1 }, message: "must be >= 1", schema: 1, parentSchema: schema11.properties.converge.properties.logRetentionDays, data: data19 };
              if (vErrors === null) {
                vErrors = [err55];
              } else {
                vErrors.push(err55);
              }
              errors++;
            }
          }
        }
        if (data12.timeout !== void 0) {
          let data20 = data12.timeout;
          if (typeof data20 === "string") {
            if (func2(data20) > 64) {
              const err56 = { instancePath: instancePath + "/converge/timeout", schemaPath: "#/properties/converge/properties/timeout/maxLength", keyword: "maxLength", params: { limit: 64 }, message: "must NOT have more than 64 characters", schema: 64, parentSchema: schema11.properties.converge.properties.timeout, data: data20 };
              if (vErrors === null) {
                vErrors = [err56];
              } else {
                vErrors.push(err56);
              }
              errors++;
            }
            if (!pattern2.test(data20)) {
              const err57 = { instancePath: instancePath + "/converge/timeout", schemaPath: "#/properties/converge/properties/timeout/pattern", keyword: "pattern", params: { pattern: "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$" }, message: 'must match pattern "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$"', schema: "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$", parentSchema: schema11.properties.converge.properties.timeout, data: data20 };
              if (vErrors === null) {
                vErrors = [err57];
              } else {
                vErrors.push(err57);
              }
              errors++;
            }
          } else {
            const err58 = { instancePath: instancePath + "/converge/timeout", schemaPath: "#/properties/converge/properties/timeout/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.timeout.type, parentSchema: schema11.properties.converge.properties.timeout, data: data20 };
            if (vErrors === null) {
              vErrors = [err58];
            } else {
              vErrors.push(err58);
            }
            errors++;
          }
        }
        if (data12.retries !== void 0) {
          let data21 = data12.retries;
          if (!(typeof data21 == "number" && (!(data21 % 1) && !isNaN(data21)) && isFinite(data21))) {
            const err59 = { instancePath: instancePath + "/converge/retries", schemaPath: "#/properties/converge/properties/retries/type", keyword: "type", params: { type: "integer" }, message: "must be integer", schema: schema11.properties.converge.properties.retries.type, parentSchema: schema11.properties.converge.properties.retries, data: data21 };
            if (vErrors === null) {
              vErrors = [err59];
            } else {
              vErrors.push(err59);
            }
            errors++;
          }
          if (typeof data21 == "number" && isFinite(data21)) {
            if (data21 > 10 || isNaN(data21)) {
              const err60 = { instancePath: instancePath + "/converge/retries", schemaPath: "#/properties/converge/properties/retries/maximum", keyword: "maximum", params: { comparison: "<=", limit: 10 }, message: "must be <= 10", schema: 10, parentSchema: schema11.properties.converge.properties.retries, data: data21 };
              if (vErrors === null) {
                vErrors = [err60];
              } else {
                vErrors.push(err60);
              }
              errors++;
            }
            if (data21 < 0 || isNaN(data21)) {
              const err61 = { instancePath: instancePath + "/converge/retries", schemaPath: "#/properties/converge/properties/retries/minimum", keyword: "minimum", params: { comparison: ">=", limit: 0 }, message: "must be >= 0", schema: 0, parentSchema: schema11.properties.converge.properties.retries, data: data21 };
              if (vErrors === null) {
                vErrors = [err61];
              } else {
                vErrors.push(err61);
              }
              errors++;
            }
          }
        }
        if (data12.image !== void 0) {
          let data22 = data12.image;
          if (typeof data22 === "string") {
            if (func2(data22) > 512) {
              const err62 = { instancePath: instancePath + "/converge/image", schemaPath: "#/properties/converge/properties/image/maxLength", keyword: "maxLength", params: { limit: 512 }, message: "must NOT have more than 512 characters", schema: 512, parentSchema: schema11.properties.converge.properties.image, data: data22 };
              if (vErrors === null) {
                vErrors = [err62];
              } else {
                vErrors.push(err62);
              }
              errors++;
            }
            if (func2(data22) < 1) {
              const err63 = { instancePath: instancePath + "/converge/image", schemaPath: "#/properties/converge/properties/image/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.image, data: data22 };
              if (vErrors === null) {
                vErrors = [err63];
              } else {
                vErrors.push(err63);
              }
              errors++;
            }
            if (!pattern9.test(data22)) {
              const err64 = { instancePath: instancePath + "/converge/image", schemaPath: "#/properties/converge/properties/image/pattern", keyword: "pattern", params: { pattern: "^[!-~]+$" }, message: 'must match pattern "^[!-~]+$"', schema: "^[!-~]+$", parentSchema: schema11.properties.converge.properties.image, data: data22 };
              if (vErrors === null) {
                vErrors = [err64];
              } else {
                vErrors.push(err64);
              }
              errors++;
            }
          } else {
            const err65 = { instancePath: instancePath + "/converge/image", schemaPath: "#/properties/converge/properties/image/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.image.type, parentSchema: schema11.properties.converge.properties.image, data: data22 };
            if (vErrors === null) {
              vErrors = [err65];
            } else {
              vErrors.push(err65);
            }
            errors++;
          }
        }
        if (data12.environment !== void 0) {
          let data23 = data12.environment;
          if (typeof data23 === "string") {
            if (func2(data23) > 63) {
              const err66 = { instancePath: instancePath + "/converge/environment", schemaPath: "#/properties/converge/properties/environment/maxLength", keyword: "maxLength", params: { limit: 63 }, message: "must NOT have more than 63 characters", schema: 63, parentSchema: schema11.properties.converge.properties.environment, data: data23 };
              if (vErrors === null) {
                vErrors = [err66];
              } else {
                vErrors.push(err66);
              }
              errors++;
            }
            if (func2(data23) < 1) {
              const err67 = { instancePath: instancePath + "/converge/environment", schemaPath: "#/properties/converge/properties/environment/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.environment, data: data23 };
              if (vErrors === null) {
                vErrors = [err67];
              } else {
                vErrors.push(err67);
              }
              errors++;
            }
            if (!pattern10.test(data23)) {
              const err68 = { instancePath: instancePath + "/converge/environment", schemaPath: "#/properties/converge/properties/environment/pattern", keyword: "pattern", params: { pattern: "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$" }, message: 'must match pattern "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"', schema: "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", parentSchema: schema11.properties.converge.properties.environment, data: data23 };
              if (vErrors === null) {
                vErrors = [err68];
              } else {
                vErrors.push(err68);
              }
              errors++;
            }
          } else {
            const err69 = { instancePath: instancePath + "/converge/environment", schemaPath: "#/properties/converge/properties/environment/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.environment.type, parentSchema: schema11.properties.converge.properties.environment, data: data23 };
            if (vErrors === null) {
              vErrors = [err69];
            } else {
              vErrors.push(err69);
            }
            errors++;
          }
        }
        if (data12.werfSecretKeyRef !== void 0) {
          let data24 = data12.werfSecretKeyRef;
          if (data24 && typeof data24 == "object" && !Array.isArray(data24)) {
            if (data24.name === void 0) {
              const err70 = { instancePath: instancePath + "/converge/werfSecretKeyRef", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/required", keyword: "required", params: { missingProperty: "name" }, message: "must have required property 'name'", schema: schema11.properties.converge.properties.werfSecretKeyRef.required, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef, data: data24 };
              if (vErrors === null) {
                vErrors = [err70];
              } else {
                vErrors.push(err70);
              }
              errors++;
            }
            if (data24.name !== void 0) {
              let data25 = data24.name;
              if (typeof data25 === "string") {
                if (func2(data25) > 253) {
                  const err71 = { instancePath: instancePath + "/converge/werfSecretKeyRef/name", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/name/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.name, data: data25 };
                  if (vErrors === null) {
                    vErrors = [err71];
                  } else {
                    vErrors.push(err71);
                  }
                  errors++;
                }
                if (func2(data25) < 1) {
                  const err72 = { instancePath: instancePath + "/converge/werfSecretKeyRef/name", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/name/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.name, data: data25 };
                  if (vErrors === null) {
                    vErrors = [err72];
                  } else {
                    vErrors.push(err72);
                  }
                  errors++;
                }
                if (!pattern1.test(data25)) {
                  const err73 = { instancePath: instancePath + "/converge/werfSecretKeyRef/name", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/name/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.name, data: data25 };
                  if (vErrors === null) {
                    vErrors = [err73];
                  } else {
                    vErrors.push(err73);
                  }
                  errors++;
                }
              } else {
                const err74 = { instancePath: instancePath + "/converge/werfSecretKeyRef/name", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/name/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.werfSecretKeyRef.properties.name.type, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.name, data: data25 };
                if (vErrors === null) {
                  vErrors = [err74];
                } else {
                  vErrors.push(err74);
                }
                errors++;
              }
            }
            if (data24.key !== void 0) {
              let data26 = data24.key;
              if (typeof data26 === "string") {
                if (func2(data26) > 253) {
                  const err75 = { instancePath: instancePath + "/converge/werfSecretKeyRef/key", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/key/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.key, data: data26 };
                  if (vErrors === null) {
                    vErrors = [err75];
                  } else {
                    vErrors.push(err75);
                  }
                  errors++;
                }
                if (func2(data26) < 1) {
                  const err76 = { instancePath: instancePath + "/converge/werfSecretKeyRef/key", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/key/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.key, data: data26 };
                  if (vErrors === null) {
                    vErrors = [err76];
                  } else {
                    vErrors.push(err76);
                  }
                  errors++;
                }
                if (!pattern12.test(data26)) {
                  const err77 = { instancePath: instancePath + "/converge/werfSecretKeyRef/key", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/key/pattern", keyword: "pattern", params: { pattern: "^[-._a-zA-Z0-9]+$" }, message: 'must match pattern "^[-._a-zA-Z0-9]+$"', schema: "^[-._a-zA-Z0-9]+$", parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.key, data: data26 };
                  if (vErrors === null) {
                    vErrors = [err77];
                  } else {
                    vErrors.push(err77);
                  }
                  errors++;
                }
              } else {
                const err78 = { instancePath: instancePath + "/converge/werfSecretKeyRef/key", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/properties/key/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.werfSecretKeyRef.properties.key.type, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef.properties.key, data: data26 };
                if (vErrors === null) {
                  vErrors = [err78];
                } else {
                  vErrors.push(err78);
                }
                errors++;
              }
            }
          } else {
            const err79 = { instancePath: instancePath + "/converge/werfSecretKeyRef", schemaPath: "#/properties/converge/properties/werfSecretKeyRef/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.properties.werfSecretKeyRef.type, parentSchema: schema11.properties.converge.properties.werfSecretKeyRef, data: data24 };
            if (vErrors === null) {
              vErrors = [err79];
            } else {
              vErrors.push(err79);
            }
            errors++;
          }
        }
        if (data12.rollbackOnFailure !== void 0) {
          let data27 = data12.rollbackOnFailure;
          if (typeof data27 !== "boolean") {
            const err80 = { instancePath: instancePath + "/converge/rollbackOnFailure", schemaPath: "#/properties/converge/properties/rollbackOnFailure/type", keyword: "type", params: { type: "boolean" }, message: "must be boolean", schema: schema11.properties.converge.properties.rollbackOnFailure.type, parentSchema: schema11.properties.converge.properties.rollbackOnFailure, data: data27 };
            if (vErrors === null) {
              vErrors = [err80];
            } else {
              vErrors.push(err80);
            }
            errors++;
          }
        }
        if (data12.plan !== void 0) {
          let data28 = data12.plan;
          if (typeof data28 !== "string") {
            const err81 = { instancePath: instancePath + "/converge/plan", schemaPath: "#/properties/converge/properties/plan/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.plan.type, parentSchema: schema11.properties.converge.properties.plan, data: data28 };
            if (vErrors === null) {
              vErrors = [err81];
            } else {
              vErrors.push(err81);
            }
            errors++;
          }
          if (!(data28 === "Never" || data28 === "Show")) {
            const err82 = { instancePath: instancePath + "/converge/plan", schemaPath: "#/properties/converge/properties/plan/enum", keyword: "enum", params: { allowedValues: schema11.properties.converge.properties.plan.enum }, message: "must be equal to one of the allowed values", schema: schema11.properties.converge.properties.plan.enum, parentSchema: schema11.properties.converge.properties.plan, data: data28 };
            if (vErrors === null) {
              vErrors = [err82];
            } else {
              vErrors.push(err82);
            }
            errors++;
          }
        }
        if (data12.onFailure !== void 0) {
          let data29 = data12.onFailure;
          if (typeof data29 !== "string") {
            const err83 = { instancePath: instancePath + "/converge/onFailure", schemaPath: "#/properties/converge/properties/onFailure/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.onFailure.type, parentSchema: schema11.properties.converge.properties.onFailure, data: data29 };
            if (vErrors === null) {
              vErrors = [err83];
            } else {
              vErrors.push(err83);
            }
            errors++;
          }
          if (!(data29 === "Stay" || data29 === "Return")) {
            const err84 = { instancePath: instancePath + "/converge/onFailure", schemaPath: "#/properties/converge/properties/onFailure/enum", keyword: "enum", params: { allowedValues: schema11.properties.converge.properties.onFailure.enum }, message: "must be equal to one of the allowed values", schema: schema11.properties.converge.properties.onFailure.enum, parentSchema: schema11.properties.converge.properties.onFailure, data: data29 };
            if (vErrors === null) {
              vErrors = [err84];
            } else {
              vErrors.push(err84);
            }
            errors++;
          }
        }
        if (data12.deletions !== void 0) {
          let data30 = data12.deletions;
          if (typeof data30 !== "string") {
            const err85 = { instancePath: instancePath + "/converge/deletions", schemaPath: "#/properties/converge/properties/deletions/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.deletions.type, parentSchema: schema11.properties.converge.properties.deletions, data: data30 };
            if (vErrors === null) {
              vErrors = [err85];
            } else {
              vErrors.push(err85);
            }
            errors++;
          }
          if (!(data30 === "Allow" || data30 === "Hold")) {
            const err86 = { instancePath: instancePath + "/converge/deletions", schemaPath: "#/properties/converge/properties/deletions/enum", keyword: "enum", params: { allowedValues: schema11.properties.converge.properties.deletions.enum }, message: "must be equal to one of the allowed values", schema: schema11.properties.converge.properties.deletions.enum, parentSchema: schema11.properties.converge.properties.deletions, data: data30 };
            if (vErrors === null) {
              vErrors = [err86];
            } else {
              vErrors.push(err86);
            }
            errors++;
          }
        }
        if (data12.valuesFrom !== void 0) {
          let data31 = data12.valuesFrom;
          if (Array.isArray(data31)) {
            if (data31.length > 64) {
              const err87 = { instancePath: instancePath + "/converge/valuesFrom", schemaPath: "#/properties/converge/properties/valuesFrom/maxItems", keyword: "maxItems", params: { limit: 64 }, message: "must NOT have more than 64 items", schema: 64, parentSchema: schema11.properties.converge.properties.valuesFrom, data: data31 };
              if (vErrors === null) {
                vErrors = [err87];
              } else {
                vErrors.push(err87);
              }
              errors++;
            }
            const len0 = data31.length;
            for (let i0 = 0; i0 < len0; i0++) {
              let data32 = data31[i0];
              if (data32 && typeof data32 == "object" && !Array.isArray(data32)) {
                if (data32.configMapRef !== void 0) {
                  let data33 = data32.configMapRef;
                  if (data33 && typeof data33 == "object" && !Array.isArray(data33)) {
                    if (data33.name === void 0) {
                      const err88 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/configMapRef", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/configMapRef/required", keyword: "required", params: { missingProperty: "name" }, message: "must have required property 'name'", schema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef.required, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef, data: data33 };
                      if (vErrors === null) {
                        vErrors = [err88];
                      } else {
                        vErrors.push(err88);
                      }
                      errors++;
                    }
                    if (data33.name !== void 0) {
                      let data34 = data33.name;
                      if (typeof data34 === "string") {
                        if (func2(data34) > 253) {
                          const err89 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/configMapRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/configMapRef/properties/name/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef.properties.name, data: data34 };
                          if (vErrors === null) {
                            vErrors = [err89];
                          } else {
                            vErrors.push(err89);
                          }
                          errors++;
                        }
                        if (func2(data34) < 1) {
                          const err90 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/configMapRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/configMapRef/properties/name/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef.properties.name, data: data34 };
                          if (vErrors === null) {
                            vErrors = [err90];
                          } else {
                            vErrors.push(err90);
                          }
                          errors++;
                        }
                        if (!pattern1.test(data34)) {
                          const err91 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/configMapRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/configMapRef/properties/name/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef.properties.name, data: data34 };
                          if (vErrors === null) {
                            vErrors = [err91];
                          } else {
                            vErrors.push(err91);
                          }
                          errors++;
                        }
                      } else {
                        const err92 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/configMapRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/configMapRef/properties/name/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef.properties.name.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef.properties.name, data: data34 };
                        if (vErrors === null) {
                          vErrors = [err92];
                        } else {
                          vErrors.push(err92);
                        }
                        errors++;
                      }
                    }
                  } else {
                    const err93 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/configMapRef", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/configMapRef/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.configMapRef, data: data33 };
                    if (vErrors === null) {
                      vErrors = [err93];
                    } else {
                      vErrors.push(err93);
                    }
                    errors++;
                  }
                }
                if (data32.secretRef !== void 0) {
                  let data35 = data32.secretRef;
                  if (data35 && typeof data35 == "object" && !Array.isArray(data35)) {
                    if (data35.name === void 0) {
                      const err94 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/secretRef", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/secretRef/required", keyword: "required", params: { missingProperty: "name" }, message: "must have required property 'name'", schema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef.required, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef, data: data35 };
                      if (vErrors === null) {
                        vErrors = [err94];
                      } else {
                        vErrors.push(err94);
                      }
                      errors++;
                    }
                    if (data35.name !== void 0) {
                      let data36 = data35.name;
                      if (typeof data36 === "string") {
                        if (func2(data36) > 253) {
                          const err95 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/secretRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/secretRef/properties/name/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef.properties.name, data: data36 };
                          if (vErrors === null) {
                            vErrors = [err95];
                          } else {
                            vErrors.push(err95);
                          }
                          errors++;
                        }
                        if (func2(data36) < 1) {
                          const err96 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/secretRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/secretRef/properties/name/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef.properties.name, data: data36 };
                          if (vErrors === null) {
                            vErrors = [err96];
                          } else {
                            vErrors.push(err96);
                          }
                          errors++;
                        }
                        if (!pattern1.test(data36)) {
                          const err97 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/secretRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/secretRef/properties/name/pattern", keyword: "pattern", params: { pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" }, message: 'must match pattern "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"', schema: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef.properties.name, data: data36 };
                          if (vErrors === null) {
                            vErrors = [err97];
                          } else {
                            vErrors.push(err97);
                          }
                          errors++;
                        }
                      } else {
                        const err98 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/secretRef/name", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/secretRef/properties/name/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef.properties.name.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef.properties.name, data: data36 };
                        if (vErrors === null) {
                          vErrors = [err98];
                        } else {
                          vErrors.push(err98);
                        }
                        errors++;
                      }
                    }
                  } else {
                    const err99 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/secretRef", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/secretRef/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.secretRef, data: data35 };
                    if (vErrors === null) {
                      vErrors = [err99];
                    } else {
                      vErrors.push(err99);
                    }
                    errors++;
                  }
                }
                if (data32.key !== void 0) {
                  let data37 = data32.key;
                  if (typeof data37 === "string") {
                    if (func2(data37) > 253) {
                      const err100 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/key", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/key/maxLength", keyword: "maxLength", params: { limit: 253 }, message: "must NOT have more than 253 characters", schema: 253, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.key, data: data37 };
                      if (vErrors === null) {
                        vErrors = [err100];
                      } else {
                        vErrors.push(err100);
                      }
                      errors++;
                    }
                    if (func2(data37) < 1) {
                      const err101 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/key", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/key/minLength", keyword: "minLength", params: { limit: 1 }, message: "must NOT have fewer than 1 characters", schema: 1, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.key, data: data37 };
                      if (vErrors === null) {
                        vErrors = [err101];
                      } else {
                        vErrors.push(err101);
                      }
                      errors++;
                    }
                    if (!pattern12.test(data37)) {
                      const err102 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/key", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/key/pattern", keyword: "pattern", params: { pattern: "^[-._a-zA-Z0-9]+$" }, message: 'must match pattern "^[-._a-zA-Z0-9]+$"', schema: "^[-._a-zA-Z0-9]+$", parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.key, data: data37 };
                      if (vErrors === null) {
                        vErrors = [err102];
                      } else {
                        vErrors.push(err102);
                      }
                      errors++;
                    }
                  } else {
                    const err103 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/key", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/key/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.valuesFrom.items.properties.key.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.key, data: data37 };
                    if (vErrors === null) {
                      vErrors = [err103];
                    } else {
                      vErrors.push(err103);
                    }
                    errors++;
                  }
                }
                if (data32.optional !== void 0) {
                  let data38 = data32.optional;
                  if (typeof data38 !== "boolean") {
                    const err104 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/optional", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/optional/type", keyword: "type", params: { type: "boolean" }, message: "must be boolean", schema: schema11.properties.converge.properties.valuesFrom.items.properties.optional.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.optional, data: data38 };
                    if (vErrors === null) {
                      vErrors = [err104];
                    } else {
                      vErrors.push(err104);
                    }
                    errors++;
                  }
                }
                if (data32.from !== void 0) {
                  let data39 = data32.from;
                  if (typeof data39 !== "string") {
                    const err105 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/from", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/from/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.valuesFrom.items.properties.from.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.from, data: data39 };
                    if (vErrors === null) {
                      vErrors = [err105];
                    } else {
                      vErrors.push(err105);
                    }
                    errors++;
                  }
                  if (!(data39 === "Bundle" || data39 === "Target" || data39 === "Either")) {
                    const err106 = { instancePath: instancePath + "/converge/valuesFrom/" + i0 + "/from", schemaPath: "#/properties/converge/properties/valuesFrom/items/properties/from/enum", keyword: "enum", params: { allowedValues: schema11.properties.converge.properties.valuesFrom.items.properties.from.enum }, message: "must be equal to one of the allowed values", schema: schema11.properties.converge.properties.valuesFrom.items.properties.from.enum, parentSchema: schema11.properties.converge.properties.valuesFrom.items.properties.from, data: data39 };
                    if (vErrors === null) {
                      vErrors = [err106];
                    } else {
                      vErrors.push(err106);
                    }
                    errors++;
                  }
                }
              } else {
                const err107 = { instancePath: instancePath + "/converge/valuesFrom/" + i0, schemaPath: "#/properties/converge/properties/valuesFrom/items/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.properties.valuesFrom.items.type, parentSchema: schema11.properties.converge.properties.valuesFrom.items, data: data32 };
                if (vErrors === null) {
                  vErrors = [err107];
                } else {
                  vErrors.push(err107);
                }
                errors++;
              }
            }
          } else {
            const err108 = { instancePath: instancePath + "/converge/valuesFrom", schemaPath: "#/properties/converge/properties/valuesFrom/type", keyword: "type", params: { type: "array" }, message: "must be array", schema: schema11.properties.converge.properties.valuesFrom.type, parentSchema: schema11.properties.converge.properties.valuesFrom, data: data31 };
            if (vErrors === null) {
              vErrors = [err108];
            } else {
              vErrors.push(err108);
            }
            errors++;
          }
        }
        if (data12.values !== void 0) {
          let data40 = data12.values;
          if (!(data40 && typeof data40 == "object" && !Array.isArray(data40))) {
            const err109 = { instancePath: instancePath + "/converge/values", schemaPath: "#/properties/converge/properties/values/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.properties.values.type, parentSchema: schema11.properties.converge.properties.values, data: data40 };
            if (vErrors === null) {
              vErrors = [err109];
            } else {
              vErrors.push(err109);
            }
            errors++;
          }
        }
        if (data12.driftDetection !== void 0) {
          let data41 = data12.driftDetection;
          if (data41 && typeof data41 == "object" && !Array.isArray(data41)) {
            if (data41.enabled !== void 0) {
              let data42 = data41.enabled;
              if (typeof data42 !== "boolean") {
                const err110 = { instancePath: instancePath + "/converge/driftDetection/enabled", schemaPath: "#/properties/converge/properties/driftDetection/properties/enabled/type", keyword: "type", params: { type: "boolean" }, message: "must be boolean", schema: schema11.properties.converge.properties.driftDetection.properties.enabled.type, parentSchema: schema11.properties.converge.properties.driftDetection.properties.enabled, data: data42 };
                if (vErrors === null) {
                  vErrors = [err110];
                } else {
                  vErrors.push(err110);
                }
                errors++;
              }
            }
            if (data41.interval !== void 0) {
              let data43 = data41.interval;
              if (typeof data43 === "string") {
                if (func2(data43) > 64) {
                  const err111 = { instancePath: instancePath + "/converge/driftDetection/interval", schemaPath: "#/properties/converge/properties/driftDetection/properties/interval/maxLength", keyword: "maxLength", params: { limit: 64 }, message: "must NOT have more than 64 characters", schema: 64, parentSchema: schema11.properties.converge.properties.driftDetection.properties.interval, data: data43 };
                  if (vErrors === null) {
                    vErrors = [err111];
                  } else {
                    vErrors.push(err111);
                  }
                  errors++;
                }
                if (!pattern2.test(data43)) {
                  const err112 = { instancePath: instancePath + "/converge/driftDetection/interval", schemaPath: "#/properties/converge/properties/driftDetection/properties/interval/pattern", keyword: "pattern", params: { pattern: "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$" }, message: 'must match pattern "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$"', schema: "^(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|\xB5s|\u03BCs|ms|s|m|h))+$", parentSchema: schema11.properties.converge.properties.driftDetection.properties.interval, data: data43 };
                  if (vErrors === null) {
                    vErrors = [err112];
                  } else {
                    vErrors.push(err112);
                  }
                  errors++;
                }
              } else {
                const err113 = { instancePath: instancePath + "/converge/driftDetection/interval", schemaPath: "#/properties/converge/properties/driftDetection/properties/interval/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.converge.properties.driftDetection.properties.interval.type, parentSchema: schema11.properties.converge.properties.driftDetection.properties.interval, data: data43 };
                if (vErrors === null) {
                  vErrors = [err113];
                } else {
                  vErrors.push(err113);
                }
                errors++;
              }
            }
            if (data41.correct !== void 0) {
              let data44 = data41.correct;
              if (typeof data44 !== "boolean") {
                const err114 = { instancePath: instancePath + "/converge/driftDetection/correct", schemaPath: "#/properties/converge/properties/driftDetection/properties/correct/type", keyword: "type", params: { type: "boolean" }, message: "must be boolean", schema: schema11.properties.converge.properties.driftDetection.properties.correct.type, parentSchema: schema11.properties.converge.properties.driftDetection.properties.correct, data: data44 };
                if (vErrors === null) {
                  vErrors = [err114];
                } else {
                  vErrors.push(err114);
                }
                errors++;
              }
            }
            if (data41.maxRetries !== void 0) {
              let data45 = data41.maxRetries;
              if (!(typeof data45 == "number" && (!(data45 % 1) && !isNaN(data45)) && isFinite(data45))) {
                const err115 = { instancePath: instancePath + "/converge/driftDetection/maxRetries", schemaPath: "#/properties/converge/properties/driftDetection/properties/maxRetries/type", keyword: "type", params: { type: "integer" }, message: "must be integer", schema: schema11.properties.converge.properties.driftDetection.properties.maxRetries.type, parentSchema: schema11.properties.converge.properties.driftDetection.properties.maxRetries, data: data45 };
                if (vErrors === null) {
                  vErrors = [err115];
                } else {
                  vErrors.push(err115);
                }
                errors++;
              }
              if (typeof data45 == "number" && isFinite(data45)) {
                if (data45 > 2147483647 || isNaN(data45)) {
                  const err116 = { instancePath: instancePath + "/converge/driftDetection/maxRetries", schemaPath: "#/properties/converge/properties/driftDetection/properties/maxRetries/maximum", keyword: "maximum", params: { comparison: "<=", limit: 2147483647 }, message: "must be <= 2147483647", schema: 2147483647, parentSchema: schema11.properties.converge.properties.driftDetection.properties.maxRetries, data: data45 };
                  if (vErrors === null) {
                    vErrors = [err116];
                  } else {
                    vErrors.push(err116);
                  }
                  errors++;
                }
                if (data45 < 1 || isNaN(data45)) {
                  const err117 = { instancePath: instancePath + "/converge/driftDetection/maxRetries", schemaPath: "#/properties/converge/properties/driftDetection/properties/maxRetries/minimum", keyword: "minimum", params: { comparison: ">=", limit: 1 }, message: "must be >= 1", schema: 1, parentSchema: schema11.properties.converge.properties.driftDetection.properties.maxRetries, data: data45 };
                  if (vErrors === null) {
                    vErrors = [err117];
                  } else {
                    vErrors.push(err117);
                  }
                  errors++;
                }
              }
            }
          } else {
            const err118 = { instancePath: instancePath + "/converge/driftDetection", schemaPath: "#/properties/converge/properties/driftDetection/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.properties.driftDetection.type, parentSchema: schema11.properties.converge.properties.driftDetection, data: data41 };
            if (vErrors === null) {
              vErrors = [err118];
            } else {
              vErrors.push(err118);
            }
            errors++;
          }
        }
      } else {
        const err119 = { instancePath: instancePath + "/converge", schemaPath: "#/properties/converge/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.properties.converge.type, parentSchema: schema11.properties.converge, data: data12 };
        if (vErrors === null) {
          vErrors = [err119];
        } else {
          vErrors.push(err119);
        }
        errors++;
      }
    }
    if (data.deletionPolicy !== void 0) {
      let data46 = data.deletionPolicy;
      if (typeof data46 !== "string") {
        const err120 = { instancePath: instancePath + "/deletionPolicy", schemaPath: "#/properties/deletionPolicy/type", keyword: "type", params: { type: "string" }, message: "must be string", schema: schema11.properties.deletionPolicy.type, parentSchema: schema11.properties.deletionPolicy, data: data46 };
        if (vErrors === null) {
          vErrors = [err120];
        } else {
          vErrors.push(err120);
        }
        errors++;
      }
      if (!(data46 === "Orphan" || data46 === "Dismiss")) {
        const err121 = { instancePath: instancePath + "/deletionPolicy", schemaPath: "#/properties/deletionPolicy/enum", keyword: "enum", params: { allowedValues: schema11.properties.deletionPolicy.enum }, message: "must be equal to one of the allowed values", schema: schema11.properties.deletionPolicy.enum, parentSchema: schema11.properties.deletionPolicy, data: data46 };
        if (vErrors === null) {
          vErrors = [err121];
        } else {
          vErrors.push(err121);
        }
        errors++;
      }
    }
    if (data.suspend !== void 0) {
      let data47 = data.suspend;
      if (typeof data47 !== "boolean") {
        const err122 = { instancePath: instancePath + "/suspend", schemaPath: "#/properties/suspend/type", keyword: "type", params: { type: "boolean" }, message: "must be boolean", schema: schema11.properties.suspend.type, parentSchema: schema11.properties.suspend, data: data47 };
        if (vErrors === null) {
          vErrors = [err122];
        } else {
          vErrors.push(err122);
        }
        errors++;
      }
    }
  } else {
    const err123 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" }, message: "must be object", schema: schema11.type, parentSchema: schema11, data };
    if (vErrors === null) {
      vErrors = [err123];
    } else {
      vErrors.push(err123);
    }
    errors++;
  }
  validate10.errors = vErrors;
  return errors === 0;
}
export {
  stdin_default as default,
  validate
};
