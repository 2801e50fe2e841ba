// minidns answers for the names of services and pods of a cluster (Kubernetes DNS specification 1.1) as far as the tests ask for them. It
// stands in for CoreDNS, which Debian does not have; build-kubernetes compiles it within the Kubernetes source tree.
package main

import (
	"log"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
)

const (
	zone       = "cluster.local."
	timeToLive = 5
)

// cluster is what names are made of, as the API server last told.
type cluster struct {
	services  listers.ServiceLister
	endpoints listers.EndpointsLister
}

// member is one ready address of a service.
type member struct {
	host, address string
	ports         []core.EndpointPort
}

// answer is what a name has; a name may exist and have no record of the type asked for.
type answer struct {
	records, additional []dns.RR
	exists              bool
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: timeToLive}
}

func addressRecord(name, address string) dns.RR {
	return &dns.A{Hdr: header(name, dns.TypeA), A: net.ParseIP(address).To4()}
}

func serviceRecord(name string, port int32, target string) dns.RR {
	return &dns.SRV{Hdr: header(name, dns.TypeSRV), Weight: 100, Port: uint16(port), Target: target}
}

func found(records ...dns.RR) answer { return answer{records: records, exists: len(records) > 0} }

func domain(s *core.Service) string { return s.Name + "." + s.Namespace + ".svc." + zone }

func (c *cluster) members(namespace, name string) (all []member) {
	object, err := c.endpoints.Endpoints(namespace).Get(name)
	if err != nil {
		return nil
	}
	for _, subset := range object.Subsets {
		for _, a := range subset.Addresses {
			host := a.Hostname
			if host == "" {
				host = strings.ReplaceAll(a.IP, ".", "-")
			}
			all = append(all, member{host, a.IP, subset.Ports})
		}
	}
	return all
}

func (c *cluster) lookup(asked string) answer {
	name := strings.ToLower(asked)
	if reverse := strings.TrimSuffix(name, ".in-addr.arpa."); reverse != name {
		return c.byAddress(asked, strings.Split(reverse, "."))
	}
	inside := strings.TrimSuffix(name, "."+zone)
	if inside == name {
		return answer{}
	}
	parts := strings.Split(inside, ".")
	last := len(parts) - 1
	switch {
	case last == 2 && parts[last] == "pod":
		if ip := net.ParseIP(strings.ReplaceAll(parts[0], "-", ".")).To4(); ip != nil {
			return found(addressRecord(asked, ip.String()))
		}
	case last >= 2 && parts[last] == "svc":
		if service, err := c.services.Services(parts[last-1]).Get(parts[last-2]); err == nil {
			return c.ofService(asked, service, parts[:last-2])
		}
	}
	return answer{}
}

func (c *cluster) byAddress(asked string, reversed []string) (result answer) {
	if len(reversed) != 4 {
		return answer{}
	}
	address := strings.Join([]string{reversed[3], reversed[2], reversed[1], reversed[0]}, ".")
	pointer := func(target string) dns.RR { return &dns.PTR{Hdr: header(asked, dns.TypePTR), Ptr: target} }
	services, _ := c.services.List(labels.Everything())
	for _, s := range services {
		if s.Spec.ClusterIP == address {
			return found(pointer(domain(s)))
		}
		if s.Spec.ClusterIP != core.ClusterIPNone {
			continue
		}
		for _, m := range c.members(s.Namespace, s.Name) {
			if m.address == address {
				result.records = append(result.records, pointer(m.host+"."+domain(s)))
			}
		}
	}
	result.exists = len(result.records) > 0
	return result
}

// ofService answers for a service (no prefix), one of its members (a host), or one of its ports (_port, _protocol).
func (c *cluster) ofService(asked string, s *core.Service, prefix []string) (result answer) {
	headless := s.Spec.ClusterIP == core.ClusterIPNone
	switch {
	case len(prefix) == 0 && s.Spec.Type == core.ServiceTypeExternalName:
		return found(&dns.CNAME{Hdr: header(asked, dns.TypeCNAME), Target: dns.Fqdn(s.Spec.ExternalName)})
	case len(prefix) == 0 && !headless:
		return found(addressRecord(asked, s.Spec.ClusterIP))
	case len(prefix) <= 1 && headless:
		for _, m := range c.members(s.Namespace, s.Name) {
			if len(prefix) == 0 || m.host == prefix[0] {
				result.records = append(result.records, addressRecord(asked, m.address))
			}
		}
	case len(prefix) == 2 && strings.HasPrefix(prefix[0], "_"):
		result = c.ofPort(asked, s, prefix[0][1:], strings.TrimPrefix(prefix[1], "_"), headless)
	}
	result.exists = len(result.records) > 0
	return result
}

func (c *cluster) ofPort(asked string, s *core.Service, port, protocol string, headless bool) (result answer) {
	add := func(number int32, target, address string) {
		result.records = append(result.records, serviceRecord(asked, number, target))
		result.additional = append(result.additional, addressRecord(target, address))
	}
	if !headless {
		for _, p := range s.Spec.Ports {
			if p.Name == port && strings.EqualFold(string(p.Protocol), protocol) {
				add(p.Port, domain(s), s.Spec.ClusterIP)
			}
		}
		return result
	}
	for _, m := range c.members(s.Namespace, s.Name) {
		for _, p := range m.ports {
			if p.Name == port && strings.EqualFold(string(p.Protocol), protocol) {
				add(p.Port, m.host+"."+domain(s), m.address)
			}
		}
	}
	return result
}

func (c *cluster) ServeDNS(writer dns.ResponseWriter, request *dns.Msg) {
	reply := new(dns.Msg)
	reply.SetReply(request)
	reply.Authoritative = true
	reply.RecursionAvailable = true
	if len(request.Question) == 1 {
		question := request.Question[0]
		result := c.lookup(question.Name)
		for _, record := range result.records {
			kind := record.Header().Rrtype
			if kind == question.Qtype || kind == dns.TypeCNAME || question.Qtype == dns.TypeANY {
				reply.Answer = append(reply.Answer, record)
			}
		}
		if len(reply.Answer) > 0 {
			reply.Extra = result.additional
		} else {
			reply.Ns = []dns.RR{&dns.SOA{Hdr: header(zone, dns.TypeSOA), Ns: "ns." + zone, Mbox: "hostmaster." + zone,
				Serial: 1, Refresh: 7200, Retry: 1800, Expire: 86400, Minttl: timeToLive}}
		}
		if !result.exists {
			reply.Rcode = dns.RcodeNameError
		}
	}
	if err := writer.WriteMsg(reply); err != nil {
		log.Print(err)
	}
}

func main() {
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), time.Hour)
	c := &cluster{factory.Core().V1().Services().Lister(), factory.Core().V1().Endpoints().Lister()}
	factory.Start(nil)
	factory.WaitForCacheSync(nil)
	go func() { log.Fatal(dns.ListenAndServe(":53", "tcp", c)) }()
	log.Fatal(dns.ListenAndServe(":53", "udp", c))
}
