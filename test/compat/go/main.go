// The Go client of ZooKeeper, go-zookeeper/zk, on three peers. Argument: the servers.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

var open = zk.WorldACL(zk.PermAll)

func check(holds bool, what string, found ...interface{}) {
	if !holds {
		log.Fatalln("not so:", what, found)
	}
}

// answers demands what a call answered; nil is no error.
func answers(wanted, found error, what string) {
	check(errors.Is(found, wanted), what, "wanted", wanted, "but", found)
}

func connect(server string) *zk.Conn {
	conn, events, err := zk.Connect([]string{server}, 10*time.Second, zk.WithLogInfo(false))
	answers(nil, err, "connect")
	deadline := time.After(20 * time.Second)
	for {
		select {
		case event := <-events:
			if event.State == zk.StateHasSession {
				return conn
			}
		case <-deadline:
			log.Fatalln("in vain:", server)
		}
	}
}

// told is the next event of a watch, which may not be long.
func told(events <-chan zk.Event, wanted zk.EventType, at string) {
	select {
	case event := <-events:
		check(event.Type == wanted && event.Path == at, "event", event, wanted, at)
	case <-time.After(20 * time.Second):
		log.Fatalln("in vain:", wanted, at)
	}
}

func catchUp(conn *zk.Conn) {
	_, err := conn.Sync("/")
	answers(nil, err, "sync")
}

func tree(a, b *zk.Conn) {
	made, err := a.Create("/g", []byte("one"), 0, open)
	answers(nil, err, "create")
	check(made == "/g", made)
	_, err = a.Create("/g", nil, 0, open)
	answers(zk.ErrNodeExists, err, "create again")
	_, err = a.Create("/none/x", nil, 0, open)
	answers(zk.ErrNoNode, err, "create without a parent")
	made, err = a.Create("/g/s-", nil, zk.FlagSequence, open)
	answers(nil, err, "sequential")
	check(made == "/g/s-0000000000", made)
	_, err = a.Create("/g/e", []byte{}, zk.FlagEphemeral, open)
	answers(nil, err, "ephemeral")
	_, err = a.Create("/g/e/x", nil, 0, open)
	answers(zk.ErrNoChildrenForEphemerals, err, "a child of an ephemeral")
	_, stat, err := a.Get("/g/e")
	answers(nil, err, "get")
	check(stat.EphemeralOwner == a.SessionID(), "the owner of an ephemeral")
	_, err = a.CreateContainer("/g/container", nil, zk.FlagContainer, open)
	answers(nil, err, "container")
	_, err = a.CreateTTL("/g/ttl", nil, zk.FlagTTL, open, time.Minute)
	answers(nil, err, "TTL")

	catchUp(b)
	data, stat, err := b.Get("/g")
	answers(nil, err, "get")
	check(string(data) == "one" && stat.Cversion == 4 && stat.NumChildren == 4, "/g", stat)
	_, err = b.Set("/g", []byte("x"), 7)
	answers(zk.ErrBadVersion, err, "set of another version")
	stat, err = b.Set("/g", []byte("two"), 0)
	answers(nil, err, "set")
	check(stat.Version == 1, "the version of a set")
	answers(zk.ErrNotEmpty, b.Delete("/g", -1), "delete of a parent")
	there, _, err := b.Exists("/none")
	answers(nil, err, "exists")
	check(!there, "/none")
	children, _, err := b.Children("/g")
	answers(nil, err, "children")
	check(len(children) == 4, "children", children)
	fmt.Println("tree")
}

func access(a, b *zk.Conn) {
	mine := zk.AuthACL(zk.PermAll)
	_, err := a.Create("/mine", nil, 0, mine)
	answers(zk.ErrInvalidACL, err, "a list of nobody")
	answers(nil, a.AddAuth("digest", []byte("u:p")), "digest")
	_, err = a.Create("/mine", nil, 0, mine)
	answers(nil, err, "mine")
	list, _, err := a.GetACL("/mine")
	answers(nil, err, "the list")
	check(reflect.DeepEqual(list, zk.DigestACL(zk.PermAll, "u", "p")), "the list", list)
	catchUp(b)
	_, _, err = b.Get("/mine")
	answers(zk.ErrNoAuth, err, "a stranger")
	stat, err := a.SetACL("/mine", zk.WorldACL(zk.PermRead), 0)
	answers(nil, err, "set of a list")
	check(stat.Aversion == 1, "the version of a list")
	catchUp(b)
	_, _, err = b.Get("/mine")
	answers(nil, err, "everybody")
	fmt.Println("access")
}

func multi(conn *zk.Conn) {
	results, err := conn.Multi(
		&zk.CreateRequest{Path: "/t", Acl: open},
		&zk.SetDataRequest{Path: "/t", Data: []byte("x"), Version: 0},
		&zk.CheckVersionRequest{Path: "/t", Version: 1},
		&zk.CreateRequest{Path: "/t/s-", Acl: open, Flags: zk.FlagSequence},
	)
	answers(nil, err, "multi")
	check(results[1].Stat.Version == 1, "the stat of a set")
	check(results[3].String == "/t/s-0000000000", results[3].String)
	results, err = conn.Multi(
		&zk.DeleteRequest{Path: "/t/s-0000000000", Version: -1},
		&zk.CheckVersionRequest{Path: "/t", Version: 7},
	)
	answers(zk.ErrBadVersion, err, "a multi that cannot be")
	answers(zk.ErrBadVersion, results[1].Error, "the one that failed")
	there, _, err := conn.Exists("/t/s-0000000000")
	answers(nil, err, "exists")
	check(there, "all or nothing")
	fmt.Println("multi")
}

func watches(writer, reader *zk.Conn) {
	there, _, events, err := reader.ExistsW("/w")
	answers(nil, err, "exists")
	check(!there, "not there yet")
	_, err = writer.Create("/w", []byte("1"), 0, open)
	answers(nil, err, "create")
	told(events, zk.EventNodeCreated, "/w")
	_, _, events, err = reader.GetW("/w")
	answers(nil, err, "get")
	_, err = writer.Set("/w", []byte("2"), -1)
	answers(nil, err, "set")
	told(events, zk.EventNodeDataChanged, "/w")
	data, _, err := reader.Get("/w")
	answers(nil, err, "get")
	check(string(data) == "2", "an event, then the change")
	_, _, events, err = reader.ChildrenW("/w")
	answers(nil, err, "children")
	_, err = writer.Create("/w/x", nil, 0, open)
	answers(nil, err, "a child")
	told(events, zk.EventNodeChildrenChanged, "/w")
	fmt.Println("watches")
}

func locks(conns []*zk.Conn) {
	var group sync.WaitGroup
	var guard sync.Mutex
	inside, rounds := 0, 0
	for _, conn := range conns {
		group.Add(1)
		go func(lock *zk.Lock) {
			defer group.Done()
			for round := 0; round < 5; round++ {
				answers(nil, lock.Lock(), "lock")
				guard.Lock()
				inside++
				check(inside == 1, "one at a time")
				guard.Unlock()
				time.Sleep(2 * time.Millisecond)
				guard.Lock()
				inside--
				rounds++
				guard.Unlock()
				answers(nil, lock.Unlock(), "unlock")
			}
		}(zk.NewLock(conn, "/locks/one", open))
	}
	group.Wait()
	check(rounds == 15, "rounds", rounds)
	fmt.Println("locks")
}

func main() {
	log.SetFlags(0)
	var conns []*zk.Conn
	for _, server := range strings.Split(os.Args[1], ",") {
		conns = append(conns, connect(server))
	}
	a, b := conns[0], conns[1]
	tree(a, b)
	access(a, b)
	multi(a)
	watches(a, b)
	locks(conns)

	there, _, events, err := b.ExistsW("/g/e")
	answers(nil, err, "exists")
	check(there, "an ephemeral")
	a.Close()
	told(events, zk.EventNodeDeleted, "/g/e")
	for _, conn := range conns[1:] {
		conn.Close()
	}
	fmt.Println("done")
}
