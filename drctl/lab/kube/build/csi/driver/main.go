// Command driver is the lab's CSI driver: every volume is an ext4 file system of the asked size in a sparse file, so a volume can
// really be full and its device can really be gone. Identity, controller, node, and registration with kubelet in one process.
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const driverName = "lab.drctl.io"

func main() {
	root := flag.String("volumes", "", "the folder that holds the volumes")
	socket := flag.String("socket", "", "where CSI is served")
	node := flag.String("node", "", "this node's name")
	registry := flag.String("registry", "", "kubelet's folder of plugin sockets; empty for none")
	conditions := flag.Bool("conditions", false, "tell kubelet of abnormal volumes, in the way of CSI before 1.13")
	flag.Parse()

	store := &store{root: *root}
	server := grpc.NewServer()
	csi.RegisterIdentityServer(server, identity{})
	csi.RegisterControllerServer(server, &controller{store: store, node: *node})
	csi.RegisterNodeServer(server, &nodeServer{store: store, node: *node, conditions: *conditions})
	if *registry != "" {
		registrar := grpc.NewServer()
		registration.RegisterRegistrationServer(registrar, registrationServer{socket: *socket})
		go serve(registrar, filepath.Join(*registry, driverName+"-reg.sock"))
	}
	serve(server, *socket)
}

func serve(server *grpc.Server, socket string) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o750); err != nil {
		log.Fatal(err)
	}
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(listener))
}
