package main

import (
	"sort"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fluxcd/cli-utils/pkg/object"
	"github.com/fluxcd/pkg/ssa"
)

// inventoryOf names what was applied, with the version of each: the controller's status.inventory as a map.
func inventoryOf(applied *ssa.ChangeSet) map[string]string {
	inventory := map[string]string{}
	for _, entry := range applied.Entries {
		inventory[entry.ObjMetadata.String()] = entry.GroupVersion
	}
	return inventory
}

// difference is what was applied once and is no longer, in the order in which it would be applied.
func difference(before, after map[string]string) ([]*unstructured.Unstructured, error) {
	var stale []*unstructured.Unstructured
	for id, version := range before {
		if _, kept := after[id]; kept {
			continue
		}
		meta, err := object.ParseObjMetadata(id)
		if err != nil {
			return nil, err
		}
		gone := &unstructured.Unstructured{}
		gone.SetGroupVersionKind(schema.GroupVersionKind{Group: meta.GroupKind.Group, Version: version, Kind: meta.GroupKind.Kind})
		gone.SetName(meta.Name)
		gone.SetNamespace(meta.Namespace)
		stale = append(stale, gone)
	}
	sort.Sort(ssa.SortableUnstructureds(stale))
	return stale, nil
}

func changesOf(set *ssa.ChangeSet) []string {
	if set == nil {
		return nil
	}
	var changes []string
	for _, entry := range set.Entries {
		switch entry.Action {
		case ssa.CreatedAction, ssa.ConfiguredAction, ssa.DeletedAction:
			changes = append(changes, entry.String())
		}
	}
	return changes
}
