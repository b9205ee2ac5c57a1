-- DropIndex
DROP INDEX "welcome_device_welcome_id_idx";

-- AlterTable
ALTER TABLE "welcome_device" DROP CONSTRAINT "welcome_device_pkey",
ADD CONSTRAINT "welcome_device_pkey" PRIMARY KEY ("welcome_id", "device_id");

-- CreateIndex
CREATE INDEX "welcome_device_room_id_device_id_idx" ON "welcome_device"("room_id", "device_id");
