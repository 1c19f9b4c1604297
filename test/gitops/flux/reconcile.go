package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluxcd/cli-utils/pkg/object"
	generator "github.com/fluxcd/pkg/kustomize"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	ssautil "github.com/fluxcd/pkg/ssa/utils"
)

// How often the controller looks at what it waits for is 5 s; nothing here depends on it.
const healthInterval = 500 * time.Millisecond

// checkout is what source-controller would hand over.
type checkout struct{ folder, revision string }

// status is what the controller writes into a Kustomization, as far as people look at it.
type status struct {
	Ready               string            `json:"ready"`
	Reason              string            `json:"reason"`
	Message             string            `json:"message"`
	LastAppliedRevision string            `json:"lastAppliedRevision,omitempty"`
	Inventory           map[string]string `json:"inventory"`
	// Changes has the controller's events: what was created, configured or deleted.
	Changes  []string `json:"changes"`
	Warnings []string `json:"warnings"`
}

type reconciler struct {
	manager       *ssa.ResourceManager
	kustomization unstructured.Unstructured
	source        checkout
}

// The order is the controller's: build, apply, prune, wait.
func (r reconciler) reconcile(ctx context.Context) status {
	before := r.inventory()
	now := status{Ready: "False", Inventory: before, LastAppliedRevision: r.text("status", "lastAppliedRevision")}
	failed := func(reason string, err error) status {
		now.Reason, now.Message = reason, err.Error()
		return now
	}
	objects, err := r.build()
	if err != nil {
		return failed("BuildFailed", err)
	}
	r.manager.SetOwnerLabels(objects, r.kustomization.GetName(), r.kustomization.GetNamespace())
	applied, err := r.apply(ctx, objects)
	now.Changes = changesOf(applied)
	if err != nil {
		return failed("ReconciliationFailed", err)
	}
	now.Inventory = inventoryOf(applied)
	pruned, err := r.prune(ctx, before, now.Inventory)
	now.Changes = append(now.Changes, changesOf(pruned)...)
	if err != nil {
		return failed("PruneFailed", err)
	}
	if err := r.checkHealth(ctx, applied, objects); err != nil {
		return failed("HealthCheckFailed", err)
	}
	now.Ready, now.Reason = "True", "ReconciliationSucceeded"
	now.LastAppliedRevision = r.source.revision
	now.Message = "Applied revision: " + r.source.revision
	return now
}

func (r reconciler) finalize(ctx context.Context) status {
	now := status{Ready: "True", Reason: "Deleted", Inventory: map[string]string{}}
	pruned, err := r.prune(ctx, r.inventory(), now.Inventory)
	now.Changes = changesOf(pruned)
	if err != nil {
		now.Ready, now.Reason, now.Message = "False", "PruneFailed", err.Error()
	}
	return now
}

// Generates kustomization.yaml where there is none, and builds it. The checkout is changed by that, as the controller's is.
func (r reconciler) build() ([]*unstructured.Unstructured, error) {
	folder := filepath.Join(r.source.folder, r.text("spec", "path"))
	if _, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("kustomization path not found: %w", err)
	}
	if _, err := generator.NewGenerator(r.source.folder, r.kustomization).WriteFile(folder); err != nil {
		return nil, err
	}
	built, err := generator.SecureBuild(r.source.folder, folder, false)
	if err != nil {
		return nil, fmt.Errorf("kustomize build failed: %w", err)
	}
	text, err := built.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("kustomize build failed: %w", err)
	}
	return ssautil.ReadObjects(bytes.NewReader(text))
}

func (r reconciler) apply(ctx context.Context, objects []*unstructured.Unstructured) (*ssa.ChangeSet, error) {
	if err := normalize.UnstructuredList(objects); err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return ssa.NewChangeSet(), nil
	}
	changes, err := r.manager.ApplyAllStaged(ctx, objects, applyOptions())
	if err != nil {
		// After a partial apply the controller tells what it did, in the same message.
		err = fmt.Errorf("%w\n%s", err, strings.Join(changesOf(changes), "\n"))
		return changes, errors.New(strings.TrimSpace(err.Error()))
	}
	return changes, nil
}

// What the controller gives, its features at their defaults: what kubectl has set of the fields in git is taken away, too.
func applyOptions() ssa.ApplyOptions {
	options := ssa.DefaultApplyOptions()
	options.ExclusionSelector = map[string]string{group + "/reconcile": "Disabled", group + "/ssa": "Ignore"}
	options.IfNotPresentSelector = map[string]string{group + "/ssa": "IfNotPresent"}
	options.ForceSelector = map[string]string{group + "/force": "Enabled"}
	options.Cleanup = ssa.ApplyCleanupOptions{
		Annotations: []string{corev1.LastAppliedConfigAnnotation},
		FieldManagers: []ssa.FieldManager{
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply},
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: controllerName, OperationType: metav1.ManagedFieldsOperationUpdate},
		},
		Exclusions: map[string]string{group + "/ssa": "Merge"},
	}
	return options
}

func (r reconciler) prune(ctx context.Context, before, after map[string]string) (*ssa.ChangeSet, error) {
	if prune, _, _ := unstructured.NestedBool(r.kustomization.Object, "spec", "prune"); !prune {
		return nil, nil
	}
	stale, err := difference(before, after)
	if err != nil || len(stale) == 0 {
		return nil, err
	}
	return r.manager.DeleteAll(ctx, stale, ssa.DeleteOptions{
		PropagationPolicy: metav1.DeletePropagationBackground,
		Inclusions:        r.manager.GetOwnerLabels(r.kustomization.GetName(), r.kustomization.GetNamespace()),
		Exclusions:        map[string]string{group + "/prune": "Disabled", group + "/reconcile": "Disabled", group + "/ssa": "Ignore"},
	})
}

func (r reconciler) checkHealth(ctx context.Context, applied *ssa.ChangeSet, objects []*unstructured.Unstructured) error {
	set, err := r.toCheck(applied)
	if err != nil || len(set) == 0 {
		return err
	}
	timeout, err := time.ParseDuration(r.text("spec", "timeout"))
	if err != nil {
		return err
	}
	err = r.manager.WaitForSetWithContext(ctx, set, ssa.WaitOptions{
		Interval:    healthInterval,
		Timeout:     timeout,
		FailFast:    true,
		JobsWithTTL: ssautil.ExtractJobsWithTTL(objects),
	})
	if err != nil {
		return fmt.Errorf("health check failed: %w", err)
	}
	return nil
}

type healthCheck struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
}

// toCheck is all that was applied with spec.wait, and otherwise what spec.healthChecks names.
func (r reconciler) toCheck(applied *ssa.ChangeSet) (object.ObjMetadataSet, error) {
	var spec struct {
		Spec struct {
			Wait         bool          `json:"wait"`
			HealthChecks []healthCheck `json:"healthChecks"`
		} `json:"spec"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(r.kustomization.Object, &spec); err != nil {
		return nil, err
	}
	var set object.ObjMetadataSet
	for _, check := range spec.Spec.HealthChecks {
		kind := schema.FromAPIVersionAndKind(check.APIVersion, check.Kind).GroupKind()
		set = append(set, object.ObjMetadata{GroupKind: kind, Name: check.Name, Namespace: check.Namespace})
	}
	if !spec.Spec.Wait {
		return set, nil
	}
	set = nil
	for _, entry := range applied.Entries {
		if entry.Action != ssa.SkippedAction {
			set = append(set, entry.ObjMetadata)
		}
	}
	return set, nil
}

func (r reconciler) text(path ...string) string {
	text, _, _ := unstructured.NestedString(r.kustomization.Object, path...)
	return text
}

func (r reconciler) inventory() map[string]string {
	entries, _, _ := unstructured.NestedStringMap(r.kustomization.Object, "status", "inventory")
	return entries
}
