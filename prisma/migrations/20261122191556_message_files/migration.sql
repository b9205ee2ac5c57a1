-- AlterTable
ALTER TABLE "entry" ADD COLUMN     "files" JSONB;

-- What follows is written by hand: promises that Prisma's schema cannot express. Keep it when this file is made anew.

ALTER TABLE "entry" ADD CONSTRAINT "entry_files_are_plain_and_stand"
    CHECK ("files" IS NULL OR ("kind" = 'MESSAGE' AND "encoding" = 'NONE' AND "deleted_at" IS NULL));
