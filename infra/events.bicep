// The subscription that tells the app of dropped documents. It is deployed after the code, for the key that it carries
// (`blobs_extension`) is made by the app's first start with a blob trigger. Deploying it again changes nothing.

targetScope = 'resourceGroup'

@description('Name of the storage account in which documents are dropped.')
param storageAccountName string

@description('Name of the function app.')
param functionAppName string

@description('Name of the Event Grid system topic of the storage account.')
param systemTopicName string

var names = loadJsonContent('names.json')
// Event Grid stops trying after the last of these; what it could not deliver goes to the dead-letter container.
var deliveryAttempts = 30
var deliveryMinutes = 1440

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: systemTopicName
}

// The host answers 202 to an event for a function that it does not have, and drops it: the name must be the code's.
var webhook = 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs'
var target = 'Host.Functions.${names.blobFunction}'
var key = listKeys('${app.id}/host/default', app.apiVersion).systemKeys.blobs_extension

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: names.eventSubscription
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: '${webhook}?functionName=${target}&code=${key}'
        maxEventsPerBatch: 1
      }
    }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      // Without the last slash this would take containers in whose name `documents` is only the beginning.
      subjectBeginsWith: '/blobServices/default/containers/${names.documents}/'
      enableAdvancedFilteringOnArrays: false
      advancedFilters: [
        // A Data Lake upload tells of its creation and of its end; only the end has the bytes.
        {
          operatorType: 'StringIn'
          key: 'data.api'
          values: ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose']
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: deliveryAttempts
      eventTimeToLiveInMinutes: deliveryMinutes
    }
    // Event Grid gives up at once on 400, 401, 403 and 413; without this the event would be gone.
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: storage.id
          blobContainerName: names.eventDeadLetters
        }
      }
    }
  }
}
