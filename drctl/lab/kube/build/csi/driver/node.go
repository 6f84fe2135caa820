package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

type nodeServer struct {
	csi.UnimplementedNodeServer
	*store
	node string
	// conditions are told in the answers with which CSI did so until 1.12, and kubelet reads them until 1.36.
	conditions bool
}

// volumeCondition is what CSI's NodeServiceCapability called VOLUME_CONDITION before it was removed.
const volumeCondition = csi.NodeServiceCapability_RPC_Type(4)

func (n *nodeServer) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: n.node, MaxVolumesPerNode: 32}, nil
}

func (n *nodeServer) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	answer := &csi.NodeGetCapabilitiesResponse{}
	kinds := []csi.NodeServiceCapability_RPC_Type{
		csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME,
		csi.NodeServiceCapability_RPC_GET_VOLUME_STATS,
	}
	if n.conditions {
		kinds = append(kinds, volumeCondition)
	}
	for _, kind := range kinds {
		rpc := &csi.NodeServiceCapability_RPC{Type: kind}
		answer.Capabilities = append(answer.Capabilities,
			&csi.NodeServiceCapability{Type: &csi.NodeServiceCapability_Rpc{Rpc: rpc}})
	}
	return answer, nil
}

// NodeStageVolume mounts the file system once per node; mounting it twice would destroy it.
func (n *nodeServer) NodeStageVolume(_ context.Context, q *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	if err := n.checked(q.VolumeId, q.VolumeCapability, "staging target path", q.StagingTargetPath); err != nil {
		return nil, err
	}
	n.Lock()
	defer n.Unlock()
	if n.lost(q.VolumeId) {
		return nil, status.Errorf(codes.NotFound, "volume %s is lost", q.VolumeId)
	}
	if n.note(q.VolumeId, "attached") == "" {
		return nil, status.Errorf(codes.FailedPrecondition, "volume %s is not attached", q.VolumeId)
	}
	return &csi.NodeStageVolumeResponse{}, mount(q.StagingTargetPath, "-o", "loop,noatime", n.path(q.VolumeId, "image"))
}

func (n *nodeServer) NodeUnstageVolume(_ context.Context, q *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	if err := required("volume id", q.VolumeId, "staging target path", q.StagingTargetPath); err != nil {
		return nil, err
	}
	n.Lock()
	defer n.Unlock()
	return &csi.NodeUnstageVolumeResponse{}, unmount(q.StagingTargetPath)
}

func (n *nodeServer) NodePublishVolume(_ context.Context, q *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	err := n.checked(q.VolumeId, q.VolumeCapability, "target path", q.TargetPath, "staging target path", q.StagingTargetPath)
	if err != nil {
		return nil, err
	}
	n.Lock()
	defer n.Unlock()
	if !mounted(q.StagingTargetPath) {
		return nil, status.Errorf(codes.FailedPrecondition, "volume %s is not staged", q.VolumeId)
	}
	mode := "bind"
	if q.Readonly {
		mode = "bind,ro"
	}
	return &csi.NodePublishVolumeResponse{}, mount(q.TargetPath, "-o", mode, q.StagingTargetPath)
}

func (n *nodeServer) NodeUnpublishVolume(_ context.Context, q *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if err := required("volume id", q.VolumeId, "target path", q.TargetPath); err != nil {
		return nil, err
	}
	n.Lock()
	defer n.Unlock()
	if err := unmount(q.TargetPath); err != nil {
		return nil, err
	}
	if err := os.Remove(q.TargetPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

func (n *nodeServer) NodeGetVolumeStats(_ context.Context, q *csi.NodeGetVolumeStatsRequest) (*csi.NodeGetVolumeStatsResponse, error) {
	if err := required("volume id", q.VolumeId, "volume path", q.VolumePath); err != nil {
		return nil, err
	}
	if _, err := n.size(q.VolumeId); err != nil {
		return nil, err
	}
	if !mounted(q.VolumePath) {
		return nil, status.Errorf(codes.NotFound, "volume %s is not at %s", q.VolumeId, q.VolumePath)
	}
	var seen syscall.Statfs_t
	if err := syscall.Statfs(q.VolumePath, &seen); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	block := seen.Bsize
	total, free := int64(seen.Blocks)*block, int64(seen.Bavail)*block
	nodes, unused := int64(seen.Files), int64(seen.Ffree)
	answer := &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{
		{Unit: csi.VolumeUsage_BYTES, Total: total, Available: free, Used: total - int64(seen.Bfree)*block},
		{Unit: csi.VolumeUsage_INODES, Total: nodes, Available: unused, Used: nodes - unused},
	}}
	if n.conditions {
		answer.ProtoReflect().SetUnknown(n.condition(q.VolumeId, q.VolumePath))
	}
	return answer, nil
}

// condition is field 2 of the answer as it was: a message of a bool, abnormal, and a string.
func (n *nodeServer) condition(id, path string) []byte {
	message, abnormal := n.note(id, "abnormal"), true
	switch {
	case message != "":
	case n.lost(id):
		message = "the volume's device is lost"
	default:
		if message = refused(path); message == "" {
			message, abnormal = "nothing is known to be wrong", false
		}
	}
	inner := protowire.AppendTag(nil, 1, protowire.VarintType)
	inner = protowire.AppendVarint(inner, protowire.EncodeBool(abnormal))
	inner = protowire.AppendTag(inner, 2, protowire.BytesType)
	inner = protowire.AppendString(inner, message)
	return protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), inner)
}

// refused says how a file system refuses to make a file, as one without a device and one that found an error do; empty if
// it takes one, or is only full.
func refused(path string) string {
	probe := filepath.Join(path, ".csi-probe")
	err := os.WriteFile(probe, nil, 0o600)
	if errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EROFS) {
		return "writes fail: " + err.Error()
	}
	_ = os.Remove(probe)
	return ""
}

func (n *nodeServer) checked(id string, capability *csi.VolumeCapability, paths ...string) error {
	if err := required(append([]string{"volume id", id}, paths...)...); err != nil {
		return err
	}
	if capability == nil {
		return status.Error(codes.InvalidArgument, "a volume capability is required")
	}
	if reason := unsupported([]*csi.VolumeCapability{capability}); reason != "" {
		return status.Error(codes.InvalidArgument, reason)
	}
	_, err := n.size(id)
	return err
}

func mounted(path string) bool {
	text, _ := os.ReadFile("/proc/self/mounts")
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == path {
			return true
		}
	}
	return false
}

func mount(path string, arguments ...string) error {
	if mounted(path) {
		return nil
	}
	err := os.MkdirAll(path, 0o750)
	if err == nil {
		err = run("mount", append(arguments, path)...)
	}
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func unmount(path string) error {
	for mounted(path) {
		if err := run("umount", path); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
	}
	return nil
}
