package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"flashmob/input"
)

// signedFor is how long a signed address is good: the longest that S3 allows. One that is signed with passing credentials
// ends with those.
const signedFor = 7 * 24 * time.Hour

// Store is a connection to S3. Make it with Open.
type Store struct {
	client  *s3.Client
	presign *s3.PresignClient
}

// ErrName says that a name is none of something in S3.
var ErrName = errors.New("must be s3://BUCKET/KEY")

// Open makes a connection with the operator's credentials.
func Open(ctx context.Context) (*Store, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	client := s3.NewFromConfig(c, func(o *s3.Options) {
		// Stores that are not Amazon's seldom have a host for every bucket.
		o.UsePathStyle = c.BaseEndpoint != nil || os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_S3") != ""
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	return &Store{client: client, presign: s3.NewPresignClient(client)}, nil
}

// Split splits the name of something in S3.
func Split(uri string) (bucket, key string, err error) {
	rest, ok := strings.CutPrefix(uri, input.S3)
	bucket, key, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("%q: %w", uri, ErrName)
	}
	return bucket, key, nil
}

// Find returns the objects that a name stands for, in the order of their keys, each with an address that is signed for
// reading it. A * in a pattern stands for anything but a slash, as in file names.
func (s *Store) Find(ctx context.Context, uri string) ([]input.Input, error) {
	bucket, key, err := Split(uri)
	if err != nil || key == "" {
		return nil, errors.Join(fmt.Errorf("input %q: %w", uri, ErrName))
	}
	found, err := s.exact(ctx, bucket, key)
	if err == nil && found == nil && strings.ContainsAny(key, "*?[") {
		found, err = s.match(ctx, bucket, key)
	}
	if err == nil && found == nil {
		err = input.ErrNoObject
	}
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", uri, err)
	}
	for i := range found {
		_, key, _ := Split(found[i].URI)
		signed, err := s.presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key}, s3.WithPresignExpires(signedFor))
		if err != nil {
			return nil, fmt.Errorf("input %q: sign: %w", uri, err)
		}
		found[i].Address = signed.URL
	}
	return found, nil
}

// exact returns the object of that very key, or none.
func (s *Store) exact(ctx context.Context, bucket, key string) ([]input.Input, error) {
	all, err := s.list(ctx, bucket, key, func(k string) (bool, error) { return k == key, nil }, 1)
	return all, err
}

// match returns the objects whose keys match a pattern.
func (s *Store) match(ctx context.Context, bucket, pattern string) ([]input.Input, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	prefix := pattern[:strings.IndexAny(pattern, `*?[\`)]
	return s.list(ctx, bucket, prefix, func(k string) (bool, error) { return path.Match(pattern, k) }, 0)
}

// list returns the objects under a prefix whose keys match; no more than most, unless that is 0.
func (s *Store) list(ctx context.Context, bucket, prefix string, matches func(key string) (bool, error), most int) ([]input.Input, error) {
	var found []input.Input
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			key := aws.ToString(object.Key)
			ok, err := matches(key)
			if err != nil {
				return nil, err
			}
			if ok {
				found = append(found, input.Input{URI: input.S3 + bucket + "/" + key, Size: aws.ToInt64(object.Size), ETag: aws.ToString(object.ETag)})
			}
			if most > 0 && len(found) == most {
				return found, nil
			}
		}
		if most > 0 { // what is looked for would be the first under the prefix
			break
		}
	}
	slices.SortFunc(found, func(a, b input.Input) int { return strings.Compare(a.URI, b.URI) })
	return found, nil
}
