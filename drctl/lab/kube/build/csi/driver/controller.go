package main

import (
	"context"
	"os"
	"strconv"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type controller struct {
	csi.UnimplementedControllerServer
	*store
	node string
}

func (c *controller) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	answer := &csi.ControllerGetCapabilitiesResponse{}
	for _, kind := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_PUBLISH_UNPUBLISH_VOLUME,
		csi.ControllerServiceCapability_RPC_PUBLISH_READONLY,
	} {
		rpc := &csi.ControllerServiceCapability_RPC{Type: kind}
		answer.Capabilities = append(answer.Capabilities,
			&csi.ControllerServiceCapability{Type: &csi.ControllerServiceCapability_Rpc{Rpc: rpc}})
	}
	return answer, nil
}

func (c *controller) CreateVolume(_ context.Context, q *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if err := required("name", q.Name); err != nil {
		return nil, err
	}
	if reason := unsupported(q.VolumeCapabilities); reason != "" {
		return nil, status.Error(codes.InvalidArgument, reason)
	}
	if q.VolumeContentSource != nil {
		return nil, status.Error(codes.InvalidArgument, "volumes are made empty only")
	}
	wanted, limit := q.GetCapacityRange().GetRequiredBytes(), q.GetCapacityRange().GetLimitBytes()
	if wanted == 0 {
		wanted = defaultSize
		if limit > 0 && limit < wanted {
			wanted = limit
		}
	}
	if limit > 0 && wanted > limit {
		return nil, status.Error(codes.OutOfRange, "more is required than the limit allows")
	}
	c.Lock()
	defer c.Unlock()
	id := volumeID(q.Name)
	size, err := c.size(id)
	switch {
	case status.Code(err) == codes.NotFound:
		if err := c.create(id, wanted); err != nil {
			return nil, err
		}
		size = wanted
	case err != nil:
		return nil, err
	case size < wanted || limit > 0 && size > limit:
		return nil, status.Errorf(codes.AlreadyExists, "volume %s has %d bytes", id, size)
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{VolumeId: id, CapacityBytes: size}}, nil
}

func (c *controller) DeleteVolume(_ context.Context, q *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if err := required("volume id", q.VolumeId); err != nil {
		return nil, err
	}
	c.Lock()
	defer c.Unlock()
	if node := c.note(q.VolumeId, "attached"); node != "" {
		return nil, status.Errorf(codes.FailedPrecondition, "volume %s is attached to %s", q.VolumeId, node)
	}
	return &csi.DeleteVolumeResponse{}, c.remove(q.VolumeId)
}

func (c *controller) ControllerPublishVolume(_ context.Context, q *csi.ControllerPublishVolumeRequest) (*csi.ControllerPublishVolumeResponse, error) {
	if err := required("volume id", q.VolumeId, "node id", q.NodeId); err != nil {
		return nil, err
	}
	if q.VolumeCapability == nil {
		return nil, status.Error(codes.InvalidArgument, "a volume capability is required")
	}
	c.Lock()
	defer c.Unlock()
	if _, err := c.size(q.VolumeId); err != nil {
		return nil, err
	}
	if q.NodeId != c.node {
		return nil, status.Errorf(codes.NotFound, "there is no node %q", q.NodeId)
	}
	if c.lost(q.VolumeId) {
		return nil, status.Errorf(codes.NotFound, "volume %s is lost", q.VolumeId)
	}
	if reason := c.note(q.VolumeId, "refuse"); reason != "" {
		return nil, status.Error(codes.Internal, reason)
	}
	wanted := q.NodeId + " readonly=" + strconv.FormatBool(q.Readonly)
	if have := c.note(q.VolumeId, "attached"); have != "" && have != wanted {
		return nil, status.Errorf(codes.AlreadyExists, "volume %s is attached to %s", q.VolumeId, have)
	}
	return &csi.ControllerPublishVolumeResponse{}, os.WriteFile(c.path(q.VolumeId, "attached"), []byte(wanted), 0o600)
}

func (c *controller) ControllerUnpublishVolume(_ context.Context, q *csi.ControllerUnpublishVolumeRequest) (*csi.ControllerUnpublishVolumeResponse, error) {
	if err := required("volume id", q.VolumeId); err != nil {
		return nil, err
	}
	c.Lock()
	defer c.Unlock()
	if _, err := c.size(q.VolumeId); err == nil {
		_ = os.Remove(c.path(q.VolumeId, "attached"))
	}
	return &csi.ControllerUnpublishVolumeResponse{}, nil
}

func (c *controller) ValidateVolumeCapabilities(_ context.Context, q *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if err := required("volume id", q.VolumeId); err != nil {
		return nil, err
	}
	if len(q.VolumeCapabilities) == 0 {
		return nil, status.Error(codes.InvalidArgument, "volume capabilities are required")
	}
	if _, err := c.size(q.VolumeId); err != nil {
		return nil, err
	}
	if reason := unsupported(q.VolumeCapabilities); reason != "" {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: reason}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{
		Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: q.VolumeCapabilities},
	}, nil
}

// required takes pairs of a field's name and value.
func required(fields ...string) error {
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == "" {
			return status.Errorf(codes.InvalidArgument, "a %s is required", fields[i])
		}
	}
	return nil
}

// unsupported says why a volume cannot be had in these ways; empty if it can.
func unsupported(capabilities []*csi.VolumeCapability) string {
	if len(capabilities) == 0 {
		return "volume capabilities are required"
	}
	for _, each := range capabilities {
		if each.GetBlock() != nil {
			return "raw block volumes are not supported"
		}
		switch each.GetAccessMode().GetMode() {
		case csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY,
			csi.VolumeCapability_AccessMode_MULTI_NODE_SINGLE_WRITER,
			csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER:
			return "a volume is for one node at a time"
		}
	}
	return ""
}
