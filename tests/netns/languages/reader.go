// SPDX-License-Identifier: Apache-2.0

// reader PAGE: Go asks the vDSO without a C library. Sums on several threads, with garbage to collect.
package main

import (
	"bytes"
	"crypto/sha256"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// As the page begins (tests/netns/readers.h).
type page struct {
	rounds, sums, wrong, stepsBack uint64
	wall, steady                   int64
}

func sum() []byte {
	text := make([]byte, 16384) // for the collector
	for i := range text {
		text[i] = byte(i)
		if i%64 == 0 {
			time.Now()
		}
	}
	digest := sha256.Sum256(text)
	return digest[:]
}

func work(page *page, expected []byte) {
	for {
		if !bytes.Equal(sum(), expected) {
			atomic.AddUint64(&page.wrong, 1)
		}
		atomic.AddUint64(&page.sums, 1)
		time.Sleep(10 * time.Microsecond)
	}
}

func main() {
	file, err := os.OpenFile(os.Args[1], os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	memory, err := syscall.Mmap(int(file.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	page := (*page)(unsafe.Pointer(&memory[0]))
	runtime.GOMAXPROCS(4)
	expected := sum()
	for i := 0; i < 3; i++ {
		go work(page, expected)
	}
	begin := time.Now()
	for {
		steady := int64(time.Since(begin)) // of the monotonic clock
		if steady < page.steady {
			page.stepsBack++
		}
		atomic.StoreInt64(&page.steady, steady)
		atomic.StoreInt64(&page.wall, time.Now().UnixNano())
		atomic.AddUint64(&page.rounds, 1)
		time.Sleep(time.Millisecond)
	}
}
