// A page in the portal that shows how the app does, from the same queries that docs/operations.md explains.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var charts = [
  { title: 'Jobs that ended', look: 'barchart', query: loadTextContent('../queries/jobs.kql') }
  { title: 'Failed jobs, by code', look: 'table', query: loadTextContent('../queries/failed.kql') }
  { title: 'US dollars for models, by list prices', look: 'barchart', query: loadTextContent('../queries/cost.kql') }
  { title: 'Seconds to a model\'s answer', look: 'timechart', query: loadTextContent('../queries/latency.kql') }
  { title: 'Pages, pictures, vectors and retries', look: 'barchart', query: loadTextContent('../queries/output.kql') }
  { title: 'Messages in the queues', look: 'timechart', query: loadTextContent('../queries/queues.kql') }
]
var rangePicker = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      {
        id: guid(workspaceId, 'Range')
        version: 'KqlParameterItem/1.0'
        name: 'Range'
        label: 'Time'
        type: 4
        isRequired: true
        value: { durationMs: 604800000 }
        typeSettings: {
          selectableValues: [{ durationMs: 86400000 }, { durationMs: 604800000 }, { durationMs: 2592000000 }]
        }
      }
    ]
  }
}
var items = [
  for chart in charts: {
    type: 3
    name: chart.title
    content: {
      version: 'KqlItem/1.0'
      title: chart.title
      query: chart.query
      size: 0
      timeContextFromParameter: 'Range'
      queryType: 0
      resourceType: 'microsoft.operationalinsights/workspaces'
      crossComponentResources: [workspaceId]
      visualization: chart.look
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'darkroom')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Darkroom'
    category: 'workbook'
    sourceId: workspaceId
    version: '1.0'
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([rangePicker], items)
    })
  }
}
