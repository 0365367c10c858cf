package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

const (
	// partSize is how large the parts of an upload are: S3 takes 10 000 of them.
	partSize = 64 << 20
	// partsAtOnce is how many are on their way.
	partsAtOnce = 4
)

// Put puts a file under a name in S3, in parts where it is large. Nobody sees an object before all of it is there.
func (s *Store) Put(ctx context.Context, file, uri string) error {
	if err := s.put(ctx, file, uri); err != nil {
		return fmt.Errorf("put %s: %w", uri, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, file, uri string) (err error) {
	bucket, key, err := Split(uri)
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() <= partSize {
		_, err := s.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f, ContentLength: aws.Int64(info.Size())})
		return err
	}
	upload, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // what came of it would be paid for, and seen by nobody
			_, aborted := s.client.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: upload.UploadId})
			err = errors.Join(err, aborted)
		}
	}()
	parts := make([]types.CompletedPart, (info.Size()+partSize-1)/partSize)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtOnce)
	for i := range parts {
		group.Go(func() error {
			from := int64(i) * partSize
			size, number := min(partSize, info.Size()-from), aws.Int32(int32(i+1))
			part, err := s.client.UploadPart(groupCtx, &s3.UploadPartInput{
				Bucket: &bucket, Key: &key, UploadId: upload.UploadId, PartNumber: number, ContentLength: aws.Int64(size), Body: io.NewSectionReader(f, from, size),
			})
			if err == nil {
				parts[i] = types.CompletedPart{ETag: part.ETag, PartNumber: number}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	_, err = s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return err
}

// Under returns the name of something under a name in S3 that stands for a folder.
func Under(folder, name string) (string, error) {
	bucket, key, err := Split(folder)
	return "s3://" + path.Join(bucket, key, name), err
}
