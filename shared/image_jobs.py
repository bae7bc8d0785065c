"""The image jobs: one message, one record, one or more pictures."""

from shared.image_messages import ImageJob
from shared.names import IMAGE_JOBS, IMAGE_JOBS_POISON, image_folder
from shared.pipelines import images
from shared.single_jobs import SingleJobs

_JOBS = SingleJobs("image", IMAGE_JOBS, IMAGE_JOBS_POISON, ImageJob, image_folder, images.start)
image_message, buried, parse = _JOBS.received, _JOBS.buried, _JOBS.parse
