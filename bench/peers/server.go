// A tuned server on net/http that does what magec-fcgi does, but keeps its clients in a map and
// records nothing: checks the token, asks the model, answers with JSON, or hands the stream through.
//
// usage: server -listen 127.0.0.1:PORT -token TOKEN [-small] NAME=URL...
// -small takes buffers of 2 KB instead of those of bufio and io.Copy.
package main

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
)

const prefix = "/api/v1/webhooks/"

type call struct {
	Prompt string `json:"prompt"`
	Stream bool   `json:"stream"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type question struct {
	Model    string          `json:"model"`
	Stream   bool            `json:"stream"`
	Options  map[string]bool `json:"stream_options"`
	Messages []message       `json:"messages"`
}

type event struct {
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
	} `json:"choices"`
}

type answer struct {
	OK       bool   `json:"ok"`
	Response string `json:"response,omitempty"`
	Error    string `json:"error,omitempty"`
}

type server struct {
	token []byte
	urls  map[string]string
	model *http.Client
	line  int // bytes of a buffer for lines
	block int // bytes of a buffer for copying
}

func write(w http.ResponseWriter, status int, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(a)
}

// ask posts the prompt; the caller closes the reply's body.
func (s *server) ask(r *http.Request, url, prompt string) (*http.Response, error) {
	body, err := json.Marshal(question{"mock-1", true, map[string]bool{"include_usage": true},
		[]message{{"user", prompt}}})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(r.Context(), "POST", url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer none")
	resp, err := s.model.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		err = fmt.Errorf("the model answered %d", resp.StatusCode)
	}
	return resp, err
}

// collect joins the text of a stream.
func (s *server) collect(body io.Reader) (string, error) {
	var text strings.Builder
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, s.line), 1<<20)
	for lines.Scan() {
		data := bytes.TrimPrefix(lines.Bytes(), []byte("data: "))
		if len(data) == 0 || data[0] != '{' {
			continue
		}
		var e event
		if err := json.Unmarshal(data, &e); err != nil {
			return "", err
		}
		if len(e.Choices) > 0 {
			text.WriteString(e.Choices[0].Delta.Content)
		}
	}
	return text.String(), lines.Err()
}

func (s *server) copyStream(w http.ResponseWriter, body io.Reader) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	flusher := w.(http.Flusher)
	buf := make([]byte, s.block)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			w.Write(buf[:n])
			flusher.Flush()
		}
		if err != nil {
			return
		}
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	url, known := s.urls[strings.TrimPrefix(r.URL.Path, prefix)]
	token := []byte(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if !known || subtle.ConstantTimeCompare(token, s.token) != 1 {
		write(w, http.StatusUnauthorized, answer{Error: "no such webhook, or wrong token"})
		return
	}
	var c call
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		write(w, http.StatusBadRequest, answer{Error: err.Error()})
		return
	}
	resp, err := s.ask(r, url, c.Prompt)
	if err != nil {
		write(w, http.StatusBadGateway, answer{Error: err.Error()})
		return
	}
	defer resp.Body.Close()
	if c.Stream {
		s.copyStream(w, resp.Body)
		return
	}
	text, err := s.collect(resp.Body)
	if err != nil {
		write(w, http.StatusBadGateway, answer{Error: err.Error()})
		return
	}
	write(w, http.StatusOK, answer{OK: true, Response: text})
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where")
	token := flag.String("token", "", "of all clients")
	small := flag.Bool("small", false, "small buffers")
	flag.Parse()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 8192
	transport.DisableCompression = true
	s := &server{[]byte(*token), map[string]string{}, &http.Client{Transport: transport},
		64 << 10, 32 << 10}
	if *small {
		s.line, s.block = 2<<10, 2<<10
	}
	for _, argument := range flag.Args() {
		client := strings.SplitN(argument, "=", 2)
		s.urls[client[0]] = client[len(client)-1]
	}
	log.Fatal(http.ListenAndServe(*listen, s))
}
