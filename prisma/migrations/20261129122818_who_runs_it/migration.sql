-- AlterTable
ALTER TABLE "instance" ADD COLUMN     "run_by" TEXT;
